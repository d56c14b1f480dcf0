"""The chain's customers: invented people of many languages; knows nothing of what they buy."""

import random
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.models import Customer
from voucherify_admin.demo.draw import id_at


@dataclass(frozen=True)
class Tongue:
    """Names that go with a language, the cities where it is spoken, and how many of a hundred customers speak it."""

    language: str
    country: str
    phone: str
    share: int
    given: str
    family: str
    cities: tuple[str, ...]
    family_first: bool = False


TONGUES = (
    Tongue("de", "DE", "+49", 19, "Annegret Jürgen Friederike Matthias Käthe Sören Ulrike Björn Lieselotte Moritz",
           "Schäfer Großmann Weiß Köhler Lindemann Brückner Vöhringer Mühlbauer Strauß Petersen",
           ("Berlin", "München", "Köln", "Leipzig")),
    Tongue("pl", "PL", "+48", 17, "Małgorzata Łukasz Agnieszka Paweł Żaneta Stanisław Bożena Grzegorz Kinga Michał",
           "Wiśniewska Dąbrowski Zając Źrebiec Ślusarczyk Kołodziej Nowicka Pęczak Jagiełło Bąk",
           ("Kraków", "Wrocław", "Łódź", "Gdańsk")),
    Tongue("fr", "FR", "+33", 13, "Éloïse Benoît Hélène François Anaïs Rémi Chloé Gaël Solène Thibault",
           "Lefèvre D'Aubigné Béranger Le-Goff Château Dubreuil Pêcheur Garçon Tréhot Marchand",
           ("Lyon", "Paris", "Nantes", "Saint-Étienne")),
    Tongue("es", "ES", "+34", 11, "María-José Íñigo Begoña Álvaro Rocío Joaquín Núria Héctor Pilar Andrés",
           "Muñoz Ibáñez Peñalver Güell Castaño Zúñiga Ordóñez Rivero Sáenz Calderón",
           ("Sevilla", "Madrid", "A Coruña", "Málaga")),
    Tongue("uk", "UA", "+380", 9, "Оксана Андрій Соломія Тарас Ганна Богдан Леся Юрій Дарина Мирослав",
           "Ковальчук Шевчук Гнатюк Бондаренко Лисенко Мельник Їжакевич Цимбалюк Щерба Яремчук",
           ("Львів", "Київ", "Ужгород")),
    Tongue("tr", "TR", "+90", 7, "Ayşe Gökhan Zeynep Çağlar Şebnem İlker Tuğba Oğuz Dilara Barış",
           "Yıldırım Öztürk Çelik Şahin Güneş Aydın Kılıç Doğan Korkmaz Uğurlu",
           ("İstanbul", "İzmir", "Berlin")),
    Tongue("el", "GR", "+30", 7, "Δέσποινα Γιώργος Ελένη Στέλιος Αθηνά Νίκος Κατερίνα Παναγιώτης Μαρία Χρήστος",
           "Παπαδοπούλου Γεωργίου Οικονόμου Καραγιάννης Αλεξίου Μακρής Τσιτσάνη Ζέρβας Βλάχου Ρήγας",
           ("Αθήνα", "Θεσσαλονίκη", "Ηράκλειο")),
    Tongue("ja", "JP", "+81", 5, "さくら 健太 美咲 大輔 結衣 翔太 葵 拓海 陽子 誠",
           "佐藤 鈴木 高橋 田中 渡辺 伊藤 山本 中村 小林 加藤",
           ("京都", "東京", "Düsseldorf"), family_first=True),
    Tongue("en", "IE", "+353", 5, "Aoife Ciarán Niamh Oisín Saoirse Eoin Róisín Fergal Gráinne Declan",
           "O'Sullivan Ní-Bhriain Byrne Mac-Cárthaigh Kavanagh Doyle O'Dowd Fitzgerald Quigley Nolan",
           ("Galway", "Dublin")),
    Tongue("cs", "CZ", "+420", 4, "Jiří Markéta Ondřej Zdeňka Přemysl Šárka Vojtěch Ludmila Matěj Růžena",
           "Dvořák Němcová Svoboda Růžičková Kučera Pospíšil Horáková Ševčík Křížová Bureš",
           ("Praha", "Brno")),
    Tongue("ar", "MA", "+212", 3, "فاطمة يوسف ليلى كريم سلمى عمر نادية حسن أمينة طارق",
           "العلوي بنعلي الإدريسي المنصوري الفاسي الخطيب السباعي التازي برادة الصقلي",
           ("الدار البيضاء", "Marseille")),
)  # fmt: skip
TIERS = ("Green",) * 6 + ("Silver",) * 3 + ("Gold",) * 2
DOMAINS = ("example.com", "example.org", "example.net")


def invent(count: int, *, rng: random.Random, before: datetime, now: datetime, first: int = 0) -> list[Customer]:
    """Return unsaved customers in the order of their joining: most joined long before `before`, some until `now`.

    They are numbered from `first` on.
    """
    joined = [before - timedelta(days=rng.uniform(3, 900)) for _ in range(round(count * 0.8))]
    joined += [before + (now - before) * rng.random() * 0.95 for _ in range(count - len(joined))]
    tongues = rng.choices(TONGUES, weights=[one.share for one in TONGUES], k=count)
    return [
        _customer(number, tongue, at, rng)
        for number, (tongue, at) in enumerate(zip(tongues, sorted(joined), strict=True), start=first)
    ]


def _customer(number: int, tongue: Tongue, at: datetime, rng: random.Random) -> Customer:
    given = rng.choice(tongue.given.split()).replace("-", " ")
    family = rng.choice(tongue.family.split()).replace("Le-", "Le ").replace("Ní-", "Ní ").replace("Mac-", "Mac ")
    name = f"{family} {given}" if tongue.family_first else f"{given} {family}"
    city = rng.choice(tongue.cities)
    mailbox = _ascii(f"{given}.{family}") or "kunde"
    metadata = {
        "language": tongue.language,
        "tier": rng.choice(TIERS),
        "favourite": rng.choice(("tea", "tea", "coffee", "matcha")),
        "newsletter": rng.random() < 0.6,
    }
    return Customer(
        public_id=id_at("cust_", at, rng),
        source_id=f"FK-{10_000 + number}",
        name=name,
        email=f"{mailbox}{number}@{rng.choice(DOMAINS)}",
        phone=f"{tongue.phone} 555 {rng.randrange(1000):03d} {rng.randrange(1000):03d}" if rng.random() < 0.4 else "",
        address={"city": city, "country": tongue.country},
        metadata=metadata,
        created_at=at,
    )


def _ascii(name: str) -> str:
    """A mailbox name of a person; of a script that has no Latin letters nothing is left."""
    plain = unicodedata.normalize("NFKD", name.replace("ł", "l").replace("Ł", "L").replace("ß", "ss").replace("ı", "i"))
    return re.sub(r"[^a-z.]", "", plain.encode("ascii", "ignore").decode().lower()).strip(".")
