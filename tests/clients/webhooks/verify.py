"""The same as verify.mjs, with the verifier of PyPI, unchanged."""

import json
import os
from datetime import datetime, timezone

from standardwebhooks import Webhook, WebhookVerificationError


def refused(secret, body, headers):
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return
    raise AssertionError("it was taken")


with open(os.environ["SIXFOLD_RECEIVED"], encoding="utf-8") as file:
    received = json.load(file)

for one in received:
    secret, headers, body = one["secret"], one["headers"], one["body"]
    assert Webhook(secret).verify(body, headers)["type"] == json.loads(body)["type"]
    refused("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", body, headers)
    refused(secret, body + " ", headers)
    refused(secret, body, {**headers, "webhook-id": "another"})

at = datetime.now(tz=timezone.utc)
body = json.dumps({"type": "order.paid", "data": {"id": "from PyPI"}})
headers = {
    "webhook-id": "msg_pypi",
    "webhook-timestamp": str(int(at.timestamp())),
    "webhook-signature": Webhook(os.environ["SIXFOLD_SECRET"]).sign("msg_pypi", at, body),
}
with open(os.environ["SIXFOLD_SIGNED"], "w", encoding="utf-8") as file:
    json.dump({"headers": headers, "body": body}, file)
print(f"{len(received)} requests verified")
