"""The commands of `manage.py`; each reads its arguments and calls a verb, and none decides anything about vouchers."""
