"""What the chain sells, where and through which systems; constants only, no rows. All of it is invented."""

from dataclasses import dataclass

SHOP = "Fourth Kettle"
HOME_ZONE = "Europe/Berlin"


@dataclass(frozen=True)
class Product:
    """Something on the shelf; `price` in cents."""

    id: str
    name: str
    price: int


PRODUCTS = (
    Product("tea-sencha-100", "Sencha, first flush, 100 g", 1290),
    Product("tea-darjeeling-100", "Darjeeling second flush, 100 g", 1450),
    Product("tea-assam-250", "Assam breakfast, 250 g", 1690),
    Product("tea-earl-grey-100", "Earl Grey with real bergamot, 100 g", 1090),
    Product("tea-rooibos-200", "Rooibos and orange peel, 200 g", 990),
    Product("tea-peppermint-75", "Peppermint from the Black Forest, 75 g", 690),
    Product("tea-oolong-50", "Milk oolong, 50 g", 1590),
    Product("tea-lapsang-100", "Smoked lapsang, 100 g", 1350),
    Product("tea-fruit-250", "Grandmother's orchard fruit tea, 250 g", 1190),
    Product("matcha-ceremonial-30", "Ceremonial matcha, 30 g tin", 2690),
    Product("matcha-kitchen-100", "Kitchen matcha, 100 g", 1990),
    Product("matcha-whisk", "Bamboo whisk for matcha", 1490),
    Product("bean-house-250", "House espresso, beans, 250 g", 890),
    Product("bean-house-1000", "House espresso, beans, 1 kg", 2890),
    Product("bean-yirgacheffe-250", "Yirgacheffe filter roast, 250 g", 1250),
    Product("bean-huila-250", "Huila washed, 250 g", 1190),
    Product("bean-decaf-250", "Decaf from Chiapas, 250 g", 1150),
    Product("bean-sampler", "Tasting box, five roasts", 2990),
    Product("brew-dripper", "Porcelain dripper", 2490),
    Product("brew-filters-100", "Paper filters, 100 pieces", 490),
    Product("brew-press", "French press, one litre", 3490),
    Product("brew-grinder", "Hand grinder, steel burrs", 7900),
    Product("brew-kettle", "Gooseneck kettle", 6900),
    Product("cup-stoneware", "Stoneware cup, speckled", 1690),
    Product("pot-cast-iron", "Cast iron teapot, 0.8 l", 5490),
    Product("sweet-shortbread", "Butter shortbread, 180 g", 590),
    Product("sweet-honey", "Linden honey, 250 g", 790),
    Product("sweet-chocolate", "Dark chocolate with sea salt, 100 g", 450),
)
MATCHA = tuple(product.id for product in PRODUCTS if product.id.startswith("matcha"))
BISCUIT = "sweet-shortbread"


@dataclass(frozen=True)
class Place:
    """Where a code is typed. `kind` is web, app, till or desk; a desk is the dashboard itself and has no key."""

    name: str
    kind: str
    role: str = ""
    city: str = ""
    country: str = ""
    client: str = ""
    user_agent: str = ""
    origin: str = ""
    network: str = ""
    weight: int = 0


_TILL_AGENT = "KettleTill/4.{} (Android 13; T2s)"
PLACES = (
    Place(
        "Web shop",
        "web",
        role="User",
        client="Node.js-v20.20.2-SDK-v2.9.0",
        user_agent="axios/1.7.9",
        origin="https://shop.fourth-kettle.example",
        network="192.0.2.",
        weight=44,
    ),
    Place(
        "Mobile app",
        "app",
        role="User",
        client="Python-SDK",
        user_agent="OpenAPI-Generator/6.1.0/python",
        network="198.51.100.",
        weight=20,
    ),
    Place("Till Berlin Mitte", "till", "Merchant", "Berlin", "DE", "API", _TILL_AGENT.format(2), "", "203.0.113.1", 9),
    Place("Till Kraków Rynek", "till", "Merchant", "Kraków", "PL", "API", _TILL_AGENT.format(2), "", "203.0.113.2", 8),
    Place("Till Lyon Presqu'île", "till", "Merchant", "Lyon", "FR", "API", _TILL_AGENT.format(1), "", "203.0.113.3", 5),
    Place(
        "Till Sevilla Triana", "till", "Merchant", "Sevilla", "ES", "API", _TILL_AGENT.format(1), "", "203.0.113.4", 5
    ),
    Place("Till Αθήνα Πλάκα", "till", "Merchant", "Αθήνα", "GR", "API", _TILL_AGENT.format(2), "", "203.0.113.5", 4),
    Place("Customer care", "desk", weight=5),
)
# The key that the night's bot took from a partner's web page.
WIDGET = Place(
    "Partner widget",
    "widget",
    role="Merchant",
    client="API",
    user_agent="Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/119.0.0.0",
    origin="https://deals.partner-portal.example",
    network="203.0.113.66",
)
# The key that makes codes.
OFFICE = Place(
    "Campaign office",
    "office",
    role="User",
    client="Python-SDK",
    user_agent="OpenAPI-Generator/6.1.0/python",
    network="198.51.100.7",
)
CASHIERS = {
    "Berlin": ("Annika", "Deniz", "Jürgen"),
    "Kraków": ("Małgosia", "Paweł", "Olha"),
    "Lyon": ("Éloïse", "Bastien"),
    "Sevilla": ("Rocío", "Álvaro"),
    "Αθήνα": ("Δέσποινα", "Στέλιος"),
}
# Colleagues at the customer care desk: login, given name, family name, role, time zone.
COLLEAGUES = (
    ("zofia.demo", "Zofia", "Wójtowicz", "User", "Europe/Warsaw"),
    ("henrik.demo", "Henrik", "Åsberg", "User", "Europe/Stockholm"),
    ("till.demo", "Nour", "El-Amrani", "Merchant", "Europe/Paris"),
)
