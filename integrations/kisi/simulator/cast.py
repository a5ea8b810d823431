"""The named people of the demo, shared with Core's own demo. Holds names and addresses, nothing else."""

from __future__ import annotations

OWNER = ("Marta Lindqvist", "marta.lindqvist@example.com")
ADMINISTRATOR = ("Devon Okafor", "devon.okafor@example.com")
CLEANER = ("Ilse Brandt", "ilse.brandt@example.com")
TEAM_PERSON = ("Rafael Moreno", "rafael.moreno@example.com")

KNOWN_IN_KISI = [
    ("Ana Ferreira", "ana.ferreira@example.com"),
    ("Tomas Novak", "tomas.novak@example.com"),
    ("Priya Raman", "priya.raman@example.com"),
    ("Liam Gallagher-Byrne", "liam.byrne@example.com"),
    ("Yuki Tanabe", "yuki.tanabe@example.com"),
    ("Fatima El-Sayed", "fatima.elsayed@example.com"),
    ("Joseph Mbeki", "joseph.mbeki@example.com"),
    ("Sofia Petrakis", "sofia.petrakis@example.com"),
    ("Nils Aakre", "nils.aakre@example.com"),
    ("Grace Whitfield", "grace.whitfield@example.com"),
    ("Minh Tran", "minh.tran@example.com"),
    ("Carla Bianchi", "carla.bianchi@example.com"),
]
