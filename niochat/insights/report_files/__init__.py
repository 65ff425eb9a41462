"""Reports as files, in the language of their reader."""
