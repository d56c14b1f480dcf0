"""What a rollback changes, or why it was refused, in words; changes nothing itself."""

from redemptions.models import Result, Rollback
from voucherify_admin.pages import show

EFFECTS = {"redeemed_quantity": "Times redeemed", "gift_balance": "Balance of the gift card"}


def effect_in_words(name: str, change: list[int]) -> dict[str, str]:
    """What a rollback changes, as label, value before, value after and difference."""
    before, after = change
    word = show.money if name == "gift_balance" else (lambda number: f"{number:,}")
    difference = after - before
    sign = "+" if difference > 0 else ""
    return {
        "label": EFFECTS.get(name, name.replace("_", " ").capitalize()),
        "before": word(before),
        "after": word(after),
        "difference": f"{sign}{word(difference)}".replace("-", "−"),
    }


def refusal_in_words(rollback: Rollback) -> str:
    """Why a rollback was refused, as one sentence."""
    return rollback.effects.get("details") or f"{rollback.failure_message}."


def effects_text(rollback: Rollback) -> str:
    """What a rollback changed: “times redeemed 5 → 4 (−1)”; empty where it changed nothing."""
    told = []
    # JSON keeps no order of its own: what everyone has stands first.
    for name, change in sorted(rollback.effects.items(), reverse=True):
        if not isinstance(change, list) or len(change) != 2 or not all(isinstance(each, int) for each in change):
            continue
        effect = effect_in_words(name, change)
        label = effect["label"][:1].lower() + effect["label"][1:]
        told.append(f"{label} {effect['before']} → {effect['after']} ({effect['difference']})")
    return ", ".join(told)


def given_back(rollback: Rollback) -> str:
    """The effects of a rollback that took effect; of a parent those of each of its codes, which one query reads."""
    undone = rollback.redemption
    if not undone.stacked:
        return effects_text(rollback)
    each = Rollback.objects.filter(redemption__parent=undone, result=Result.SUCCESS).select_related("redemption")
    told = [(one.redemption.code, effects_text(one)) for one in each.order_by("redemption_id")]
    return "; ".join(f"{code} {effects}" for code, effects in told if effects)
