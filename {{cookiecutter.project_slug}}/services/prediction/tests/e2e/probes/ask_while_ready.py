"""Runs in another container: asks for predictions as a load balancer would, until the API says that it is not ready.

Prints how each request ended.
"""

import collections
import json
import sys
import threading
import time
import urllib.error
import urllib.request

KEY, BODY = sys.argv[1], sys.argv[2].encode()
API = "http://prediction:8000"
ended: collections.Counter[str] = collections.Counter()
draining = threading.Event()


def ask() -> None:
    headers = {"X-API-Key": KEY, "Content-Type": "application/json"}
    while not draining.is_set():
        try:
            with urllib.request.urlopen(
                urllib.request.Request(f"{API}/v1/models/people/predict", BODY, headers)
            ) as answer:
                answer.read()
                ended[str(answer.status)] += 1
        except OSError as broken:
            ended[repr(broken)] += 1


threads = [threading.Thread(target=ask) for _ in range(4)]
for thread in threads:
    thread.start()
try:
    while True:
        urllib.request.urlopen(f"{API}/readyz")
        time.sleep(0.05)
except urllib.error.HTTPError as answer:
    ended[f"readyz {answer.code}"] += 1
finally:
    draining.set()
for thread in threads:
    thread.join()
sys.stdout.write(json.dumps(ended))
