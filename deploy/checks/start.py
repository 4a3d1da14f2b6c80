"""A dry start."""

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from .files import HERE, expect


def certificate(room):
    """One that nobody vouches for, and the settings that name it."""
    chain, key = room / "chain.pem", room / "key.pem"
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=sixfold.example"]
    subprocess.run(["openssl", *made, "-keyout", key, "-out", chain], check=True, capture_output=True)
    key.chmod(0o600)
    return {"SIXFOLD_SERVER_TLS_CERT": str(chain), "SIXFOLD_SERVER_TLS_KEY": str(key)}


def dry_start(binary, place, settings):
    """Starts with the settings of a way of running, asks as its health check does, and stops as it is stopped."""
    with tempfile.TemporaryDirectory() as room:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = str(found.getsockname()[1])
        env = {**os.environ, **settings, "PORT": port, "SIXFOLD_DATA_DIR": f"{room}/data"}
        # Every interface of a container is its own; here it is everybody's.
        env["SIXFOLD_SERVER_HOST"] = "127.0.0.1"
        env.pop("SIXFOLD_SERVER_PORT", None)
        with open(f"{room}/log", "w", encoding="utf-8") as log:
            server = subprocess.Popen([binary.path, "serve"], env=env, cwd=room, stdout=log, stderr=log)
        try:
            for _ in range(300):
                asked = subprocess.run(["bash", HERE / "healthcheck"], env=env, capture_output=True, check=False)
                if asked.returncode == 0 or server.poll() is not None:
                    break
                time.sleep(0.1)
            expect(asked.returncode == 0, f"{place}: did not become ready:\n{Path(room, 'log').read_text()}")
            if token := settings.get("SIXFOLD_OPS_METRICS_TOKEN"):
                question = urllib.request.Request(f"http://127.0.0.1:{port}/metrics")
                question.add_header("Authorization", f"Bearer {token}")
                with urllib.request.urlopen(question, timeout=10) as answer:
                    expect(b"sixfold_build_info" in answer.read(), f"{place}: there are no metrics")
            # As the unit reloads it.
            server.send_signal(signal.SIGHUP)
            server.send_signal(signal.SIGTERM)
            expect(server.wait(timeout=20) == 0, f"{place}: did not stop well")
        finally:
            if server.poll() is None:
                server.kill()
                server.wait()
        asked = subprocess.run(["bash", HERE / "healthcheck"], env=env, capture_output=True, check=False)
        expect(asked.returncode != 0, "healthcheck is content with a server that is not there")
