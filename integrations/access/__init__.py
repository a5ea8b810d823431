"""The pure core: who may open the doors, what has to change, what may go. No Django, no I/O, no clock."""
