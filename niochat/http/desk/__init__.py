"""The desk: the pages in which agents work, served as the files of a build of ``frontend``."""
