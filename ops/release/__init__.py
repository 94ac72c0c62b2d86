"""The production run, and the records of releases."""
