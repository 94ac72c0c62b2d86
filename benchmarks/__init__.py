"""How fast the project is, compared side by side with other ways to the same rows: `make bench`."""
