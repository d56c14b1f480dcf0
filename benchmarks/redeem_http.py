"""Redeem over HTTP, call log on, against pgbench with the very statements; and many clients on one code against many.

Run by hand, never as a test: `python benchmarks/redeem_http.py` starts a durable PostgreSQL, a broker and the web
server of its own in a temporary folder, prints the ratios and leaves nothing. Clients, web server and database share
the machine, so only the ratios say something.
"""

import argparse
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from voucherify_admin.embedded import postgres, programs, valkey
from voucherify_admin.embedded.supervisor import Supervisor

VOUCHERS = 500
# Keys and texts that stand out, so that they can be found in the statements and made variables of pgbench.
VOUCHER_PK, CUSTOMER_PK = 910_000_000, 920_000_000


def body_of(number: int) -> dict:
    return {"order": {"amount": 5000}, "customer": {"source_id": f"bench-{CUSTOMER_PK + number}"}, "metadata": {"t": 4}}


def prepare(env: dict[str, str]) -> dict[str, str]:
    """Make codes, customers and a key; return the headers of a call."""
    os.environ.update(env)
    import django

    django.setup()
    from campaigns.models import Campaign, Customer
    from voucherify_admin.api.models import ApiKey
    from vouchers.models import Voucher

    campaign = Campaign.objects.create(name="Benchmark")
    Voucher.objects.bulk_create(
        Voucher(
            pk=VOUCHER_PK + number,
            public_id=f"v_bench{VOUCHER_PK + number}",
            code=f"BENCH-{VOUCHER_PK + number}",
            campaign=campaign,
            discount={"type": "AMOUNT", "amount_off": 1000},
        )
        for number in range(VOUCHERS)
    )
    Customer.objects.bulk_create(
        Customer(
            pk=CUSTOMER_PK + number,
            public_id=f"cust_bench{CUSTOMER_PK + number}",
            source_id=f"bench-{CUSTOMER_PK + number}",
        )
        for number in range(VOUCHERS)
    )
    key, token = ApiKey.objects.issue(name="Benchmark")
    return {"X-App-Id": str(key.app_id), "X-App-Token": token}


def statements_of_one(headers: dict[str, str]) -> list[str]:
    """Return the statements of one call, as they are sent to PostgreSQL, the call log's among them."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    settings.ALLOWED_HOSTS = ["testserver"]
    path = f"/v1/vouchers/BENCH-{VOUCHER_PK}/redemption"

    def call() -> dict:
        return Client(headers=headers).post(path, body_of(0), content_type="application/json").json()

    call()
    with CaptureQueriesContext(connection) as captured:
        answer = call()
    if answer.get("result") != "SUCCESS":
        raise SystemExit(f"Refused: {answer}")
    return [query["sql"] for query in captured]


def pgbench_script(statements: list[str]) -> str:
    """Return the statements with variables in place of what differs from call to call."""
    text = ";\n".join(statement.replace("\n", " ") for statement in statements) + ";\n"
    text = text.replace(str(VOUCHER_PK), ":voucher").replace(str(CUSTOMER_PK), ":customer")
    # Ids of attempt, order and call: each row has its own.
    for prefix in ("r_", "ord_", "v-"):
        text = re.sub(rf"(?<![\w-]){prefix}[0-9a-f]{{16,}}", f"{prefix}:unique", text)
    return (
        f"\\set voucher random({VOUCHER_PK}, {VOUCHER_PK + VOUCHERS - 1})\n"
        f"\\set customer random({CUSTOMER_PK}, {CUSTOMER_PK + VOUCHERS - 1})\n"
        "\\set unique random(1, 1000000000000000)\n" + text
    )


def pgbench(script: Path, address: str, clients: int, seconds: int) -> float:
    """Return how many times a second pgbench runs the script; raise SystemExit when a statement fails."""
    program = postgres.find_binaries() / "pgbench"
    arguments = ["-n", "-c", str(clients), "-j", "2", "-T", str(seconds), "-f", str(script), address]
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    rate = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    if done.returncode or not rate or "number of failed transactions: 0 " not in done.stdout:
        raise SystemExit(f"pgbench failed:\n{done.stdout}{done.stderr[-2000:]}")
    return float(rate[1])


def http(port: int, headers: dict[str, str], clients: int, seconds: float, number_of: Callable[[], int]) -> float:
    """Return how many redemptions a second `clients` connections get answered; raise SystemExit for a refusal."""
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    answered: Counter[bytes] = Counter()
    end = time.perf_counter() + seconds

    def client() -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            stream = connection.makefile("rb")
            while time.perf_counter() < end:
                number = number_of()
                body = json.dumps(body_of(secrets.randbelow(VOUCHERS))).encode()
                connection.sendall(
                    f"POST /v1/vouchers/BENCH-{VOUCHER_PK + number}/redemption HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}"
                    f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                    + body
                )
                status, length = stream.readline(), 0
                while (line := stream.readline().lower().strip()) != b"":
                    if line.startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                stream.read(length)
                answered[status.split()[1]] += 1

    threads = [threading.Thread(target=client) for _ in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    if set(answered) != {b"200"}:
        raise SystemExit(f"Not all were redeemed: {dict(answered)}")
    return answered[b"200"] / took


def measure(port: int, headers: dict[str, str], script: Path, address: str, seconds: int) -> None:
    def any_code() -> int:
        return secrets.randbelow(VOUCHERS)

    http(port, headers, 8, 2, any_code)
    rates: dict[str, list[float]] = {"pgbench": [], "eight": [], "spread": [], "hot": []}
    # In turns, so that whatever else the machine does falls on all of them.
    for _ in range(3):
        rates["pgbench"].append(pgbench(script, address, 8, seconds))
        rates["eight"].append(http(port, headers, 8, seconds, any_code))
        rates["spread"].append(http(port, headers, 64, seconds, any_code))
        rates["hot"].append(http(port, headers, 64, seconds, lambda: 0))
    middle = {name: sorted(each)[1] for name, each in rates.items()}
    print(f"pgbench, the same statements, 8 clients   {middle['pgbench']:7.0f} a second")
    print(f"over HTTP, call log on, 8 clients         {middle['eight']:7.0f} a second")
    print(f"over HTTP, 64 clients, {VOUCHERS} codes           {middle['spread']:7.0f} a second")
    print(f"over HTTP, 64 clients, one hot code       {middle['hot']:7.0f} a second")
    print(f"HTTP against pgbench     {middle['eight'] / middle['pgbench']:.0%}")
    print(f"one code against many    {middle['hot'] / middle['spread']:.0%}")


def check() -> None:
    """Raise SystemExit unless every attempt is in the call log: no answer was quick because it left that out."""
    from redemptions.models import Redemption
    from voucherify_admin.api.models import ApiCall

    lost = Redemption.objects.exclude(request_id__in=ApiCall.objects.values("request_id")).count()
    if lost:
        raise SystemExit(f"{lost} attempts are not in the call log")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=8, help="of each of the three turns of each measurement")
    parser.add_argument("--workers", type=int, default=2, help="processes of the web server")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-redeem-"))
    sockets = folder / "run"
    sockets.mkdir(mode=0o700)
    with Supervisor(logs=folder / "logs") as supervisor:
        try:
            cluster = postgres.Cluster(folder / "pg", sockets)
            cluster.start(supervisor)
            valkey.start(supervisor, directory=folder / "valkey", sockets=sockets, durable=False)
            with socket.socket() as listener:
                listener.bind(("127.0.0.1", 0))
                port = listener.getsockname()[1]
            env = os.environ | {
                "DJANGO_SETTINGS_MODULE": "voucherify_admin.settings",
                "SECRET_KEY": secrets.token_urlsafe(50),
                "DATABASE_URL": cluster.url,
                "REDIS_URL": valkey.url(sockets),
                "DATA_DIR": str(folder),
                "BASE_URL": f"http://127.0.0.1:{port}",
                "ALLOWED_HOSTS": "127.0.0.1",
                "LOG_LEVEL": "ERROR",
            }
            programs.manage(supervisor, "migrate", "--verbosity=0", env=env)
            programs.manage(supervisor, "collectstatic", "--no-input", "--verbosity=0", env=env)
            headers = prepare(env)
            statements = statements_of_one(headers)
            script = folder / "redeem.sql"
            script.write_text(pgbench_script(statements))
            print(f"{len(statements)} statements a redeem, {asked.workers} processes of the web server")
            programs.start_web(supervisor, env=env, host="127.0.0.1", port=port, workers=asked.workers)
            measure(port, headers, script, cluster.url, asked.seconds)
            check()
        finally:
            supervisor.stop()
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
