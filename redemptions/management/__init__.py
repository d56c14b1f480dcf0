"""Home of the commands of `manage.py`; nothing else lives here."""
