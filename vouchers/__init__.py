"""The code: one voucher, its balance, its life."""
