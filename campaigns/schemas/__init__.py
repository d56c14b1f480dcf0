"""What the offer looks like on the wire: bodies become values, rows become Voucherify's objects."""
