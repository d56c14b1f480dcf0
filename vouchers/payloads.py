"""What webhooks tell of vouchers, gift cards and publications: `data` of Voucherify's events."""

from typing import Any

from campaigns.models import Campaign, RuleAssignment
from campaigns.payloads import campaign_payload
from campaigns.schemas.customer import customer_out
from voucherify_admin.api.wire import iso
from voucherify_admin.webhooks.events import Told
from vouchers.models import GiftTransaction, Publication, Voucher
from vouchers.schemas import transaction_out, voucher_out


def voucher_payload(voucher: Voucher) -> Told:
    """Return what `voucher.created`, `.updated`, `.deleted`, `.enabled` and `.disabled` tell, its rules with it."""
    told = {"voucher": _whole(voucher), "created_at": iso(voucher.updated_at or voucher.created_at)}
    return Told(voucher.public_id, told)


def _whole(voucher: Voucher) -> dict[str, Any]:
    binding = RuleAssignment.objects.binding(vouchers=[voucher.public_id], campaigns=[])
    return voucher_out(voucher, list(binding.select_related("rule").order_by("pk")))


def transaction_payload(moved: GiftTransaction) -> Told:
    """Return what `voucher.gift.balance_added` and `.transaction.created` tell; about the card.

    What a redemption or its rollback moved is shown on the redemption's page too.
    """
    told = {
        "voucher": voucher_out(moved.voucher, []) if moved.voucher else None,
        "balance": {"amount": moved.amount, "balance": moved.balance, "total": moved.total, "type": "gift_voucher"},
        "transaction": transaction_out(moved),
        "created_at": iso(moved.created_at),
    }
    return Told(moved.voucher_public_id, told, subject_id=moved.redemption_public_id)


def published_payload(given: tuple[Publication, Voucher]) -> Told:
    """Return what `voucher.published` tells of one voucher of a publication."""
    publication, voucher = given
    return Told(voucher.public_id, {**_publication(publication), "voucher": _whole(voucher)})


def publication_payload(publication: Publication) -> Told:
    """Return what `customer.publication.succeeded` tells; several codes are told as codes."""
    return Told(publication.customer_public_id, {**_publication(publication), "vouchers": publication.codes})


def _publication(publication: Publication) -> dict[str, Any]:
    campaign = publication.campaign
    return {
        "customer": customer_out(publication.customer) if publication.customer else None,
        "campaign": {"id": campaign.public_id, "name": campaign.name, "object": "campaign"} if campaign else None,
        "publication": {
            "id": publication.public_id,
            "object": "publication",
            "customer_id": publication.customer_public_id,
            "tracking_id": publication.tracking_id,
            "source_id": publication.source_id,
            "channel": publication.channel,
            "metadata": publication.metadata,
            "created_at": iso(publication.created_at),
        },
        "created_at": iso(publication.created_at),
    }


def generation_payload(generated: tuple[Campaign, int]) -> Told:
    """Return what `campaign.vouchers.generation.completed` tells: the campaign and how many codes were made."""
    campaign, count = generated
    told = campaign_payload(campaign)
    return Told(told.entity_id, {**told.data, "vouchers_count": count})
