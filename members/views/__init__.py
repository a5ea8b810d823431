"""Core's own pages about a gym and its people: fetch, form, call, render."""
