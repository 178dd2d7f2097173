"""Uses the library python-magnumclient as programs do that hold a token already, and prints what it read as JSON.

Arguments: the API's address, a token, an image. Exits with a trace at the first thing amiss.
"""

import json
import sys
import time

from magnumclient import exceptions
from magnumclient.v1 import client

ADDRESS, TOKEN, IMAGE = sys.argv[1:]
PATIENCE_SECONDS = 60


def connect(version):
    return client.Client(endpoint_override=ADDRESS, auth_token=TOKEN, api_version=version)


def wait(what, ask):
    end = time.monotonic() + PATIENCE_SECONDS
    while not ask():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.2)


def gone(magnum, name):
    try:
        magnum.clusters.get(name)
    except exceptions.NotFound:
        return True
    return False


def refusal(call):
    try:
        call()
    except exceptions.HttpError as error:
        return [type(error).__name__, error.http_status, error.message]
    return None


magnum = connect("latest")
seen = {}

template = magnum.cluster_templates.create(name="snake", coe="swarm", image_id=IMAGE, labels={"a": "1"})
magnum.cluster_templates.update(template.uuid, [{"op": "replace", "path": "/tags", "value": "py"}])
seen["template"] = magnum.cluster_templates.get("snake").to_dict()

for name in ("one", "two", "three"):
    magnum.clusters.create(name=name, cluster_template_id="snake", node_count=0)
first = magnum.clusters.list(limit=2, sort_key="name")
second = magnum.clusters.list(limit=2, sort_key="name", marker=first[-1].uuid)
seen["pages"] = [[c.name for c in first], [c.name for c in second]]
seen["detail"] = sorted(c.cluster_template_id == template.uuid for c in magnum.clusters.list(detail=True))
wait("clusters to be complete", lambda: all(c.status == "CREATE_COMPLETE" for c in magnum.clusters.list()))

magnum.clusters.update("one", [{"op": "replace", "path": "/node_count", "value": 1}], rollback=True)
wait("the update", lambda: magnum.clusters.get("one").status == "UPDATE_COMPLETE")
seen["cluster"] = magnum.clusters.get("one").to_dict()
seen["older version"] = sorted(
    set(connect("1.12").clusters.get("one").to_dict()) ^ set(connect("1.13").clusters.get("one").to_dict())
)
seen["authority"] = magnum.certificates.get(cluster_uuid="one").pem

seen["missing"] = refusal(lambda: magnum.clusters.get("nowhere"))
seen["bad"] = refusal(lambda: magnum.clusters.create(name="9", cluster_template_id="snake"))
seen["in use"] = refusal(lambda: magnum.cluster_templates.delete("snake"))
seen["too new"] = refusal(lambda: connect("1.99").clusters.list())
seen["no token"] = refusal(
    lambda: client.Client(endpoint_override=ADDRESS, auth_token="nobody", api_version="latest").clusters.list()
)

for name in ("one", "two", "three"):
    magnum.clusters.delete(name)
for name in ("one", "two", "three"):
    wait(f"{name} to be gone", lambda: gone(magnum, name))
magnum.cluster_templates.delete("snake")
seen["left"] = [t.name for t in magnum.cluster_templates.list() if t.name == "snake"]
print(json.dumps(seen))
