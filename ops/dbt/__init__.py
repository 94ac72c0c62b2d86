"""dbt: profiles, packages, running it with progress."""
