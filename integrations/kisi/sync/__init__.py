"""The only code that talks to Kisi: facts in, one change out, and the run around them."""
