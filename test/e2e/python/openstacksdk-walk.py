"""Uses openstacksdk's layer for clouds, as Ansible's modules for clusters do, and prints what it read as JSON.

Logs in by the OS_* variables. Argument: an image. Exits with a trace at the first thing amiss.
"""

import json
import sys
import time

import openstack

(IMAGE,) = sys.argv[1:]
PATIENCE_SECONDS = 60


def wait(what, ask):
    end = time.monotonic() + PATIENCE_SECONDS
    while not ask():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.2)


cloud = openstack.connect()
seen = {}
template = cloud.create_coe_cluster_template(name="sdk", image_id=IMAGE, coe="swarm", keypair_id=None)
seen["templates"] = sorted(t.name for t in cloud.list_coe_cluster_templates())
made = cloud.create_coe_cluster(name="sdk", cluster_template_id=template["uuid"], node_count=1, master_count=1)
wait("the cluster to be complete", lambda: cloud.get_coe_cluster("sdk")["status"] == "CREATE_COMPLETE")
cloud.update_coe_cluster(made["uuid"], "replace", node_count=2)
wait("the update", lambda: cloud.get_coe_cluster("sdk")["status"] == "UPDATE_COMPLETE")
found = cloud.get_coe_cluster("sdk")
seen["cluster"] = {name: found[name] for name in ("name", "node_count", "master_count")}
seen["authority"] = cloud.get_coe_cluster_certificate(made["uuid"])["pem"]
seen["deleted"] = cloud.delete_coe_cluster("sdk")
wait("the cluster to be gone", lambda: cloud.get_coe_cluster("sdk") is None)
seen["template deleted"] = cloud.delete_cluster_template("sdk")
seen["left"] = [t.name for t in cloud.list_coe_cluster_templates() if t.name == "sdk"]
print(json.dumps(seen))
