"""The Kisi pages: fetch, form, call, render. Decides nothing about doors."""
