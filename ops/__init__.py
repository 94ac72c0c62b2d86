"""The command line for everything around dbt."""
