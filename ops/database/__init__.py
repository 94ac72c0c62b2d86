"""The PostgreSQL server: the embedded one, connections, psql."""
