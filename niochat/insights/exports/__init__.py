"""Export jobs: files of many conversations, made in the background."""
