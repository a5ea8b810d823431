"""Kisi's endpoints over the rows: one file per resource, one route table."""
