"""Telling other systems what happened: signed, retried, each delivery on record; knows no redemption."""
