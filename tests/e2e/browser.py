"""A headless Chromium, told what to do over WebDriver."""

import base64
import json
import urllib.request

from process import Process, require

PORT = 9515
ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"]


class Browser:
    """`directory` becomes its profile."""

    def __init__(self, directory):
        directory.mkdir()
        self._process = Process("chromedriver", [require("chromedriver", "chromium-driver"), f"--port={PORT}"],
                                directory / "chromedriver.log", {"HOME": str(directory)})
        self._process.wait_until(self._ready, "chromedriver is ready")
        options = {"binary": require("chromium", "chromium"), "args": [*ARGUMENTS, f"--user-data-dir={directory / 'profile'}"]}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        session = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{session['sessionId']}"

    def look_like(self, width, height, scheme):
        """A screen of this size, in CSS pixels, whose owner likes it "light" or "dark"."""
        self._devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 700)
        self._devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open(self, address):
        self._ask("POST", self._session + "/url", {"url": address})

    def evaluate(self, expression):
        return self._ask("POST", self._session + "/execute/sync", {"script": f"return {expression}", "args": []})

    def complaints(self):
        """What the console has, such as breaches of the page's policy."""
        return [entry["message"] for entry in self._ask("POST", self._session + "/se/log", {"type": "browser"})]

    def picture_of_whole_page(self, file):
        taken = self._devtools("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(taken["data"]))

    def close(self):
        self._ask("DELETE", self._session)
        self._process.kill()

    def _devtools(self, command, **parameters):
        return self._ask("POST", self._session + "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def _ready(self):
        try:
            return self._ask("GET", "/status")["ready"]
        except OSError:
            return False

    @staticmethod
    def _ask(method, path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", json.dumps(body).encode() if body else None,
                                         {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request) as response:
            return json.load(response)["value"]
