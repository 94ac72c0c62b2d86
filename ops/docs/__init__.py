"""The documentation: pages and diagrams."""
