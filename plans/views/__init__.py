"""Pages about plans and subscriptions: fetch, form, call, render."""
