"""The vectors of packages/conformance: python3 -m unittest, in guards/python."""

import json
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
VECTORS = ROOT.parent.parent / "packages" / "conformance" / "vectors"

from gatehouse_guard.follower import Follower, Instant, decide  # noqa: E402
from gatehouse_guard.key_store import KeyStore  # noqa: E402
from gatehouse_guard.keys import keys_of  # noqa: E402
from gatehouse_guard.messages import is_response  # noqa: E402
from gatehouse_guard.problems import OF_EFFECT, Problem  # noqa: E402
from gatehouse_guard.tokens import bearer_token, check_times, claims_of, parse  # noqa: E402


class TokenVectors(unittest.TestCase):
    def test_each_token_gets_its_problem(self):
        vectors = json.loads((VECTORS / "tokens.json").read_text())
        keys = keys_of(vectors["jwks"])
        for case in vectors["cases"]:
            if "restricted" not in case:
                with self.subTest(case["name"]):
                    self.assertEqual(result_of(case, vectors, keys), case["expect"])


class Queries(unittest.TestCase):
    def test_a_query_of_any_bytes_is_read(self):
        self.assertEqual(bearer_token(["Bearer x"], b"name=\xff&%ff=%zz"), "x")
        with self.assertRaises(Problem) as caught:
            bearer_token(["Bearer x"], b"name=\xff&access%5Ftoken=y")
        self.assertEqual(caught.exception.code, "request-malformed")


def result_of(case: dict, vectors: dict, keys: dict) -> str:
    try:
        parsed = parse(bearer_token(case["authorization"], case.get("query", "").encode()))
        if parsed.kid not in keys:
            return "token-invalid"
        claims = claims_of(parsed, keys[parsed.kid], vectors["issuer"], vectors["audience"])
        check_times(claims, vectors["nowMs"], vectors["toleranceMs"], True)
        return "pass"
    except Problem as problem:
        return problem.code


class FeedScripts(unittest.TestCase):
    def test_each_step_has_its_result(self):
        for path in sorted((VECTORS / "feed").glob("*.json")):
            run = ScriptRun(json.loads(path.read_text()))
            for number, step in enumerate(run.script["steps"], 1):
                with self.subTest(f"{path.name}, step {number}"):
                    run.perform(self, step)


class ScriptRun:
    def __init__(self, script: dict) -> None:
        self.script = script
        self.follower = Follower()
        self.polls: dict[str, tuple[Follower, Instant]] = {}
        self.wall_ahead_ms = 0
        self.key_store = KeyStore("")
        self.key_store.publish(keys_of(script.get("jwks", {"keys": []})))

    def perform(self, test: unittest.TestCase, step: dict) -> None:
        now = Instant(step["atMs"], self.script["wallMs"] + step["atMs"] + self.wall_ahead_ms)
        self.wall_ahead_ms = step.get("wallAheadMs", self.wall_ahead_ms)
        if "jwks" in step:
            self.key_store.publish(keys_of(step["jwks"]))
        if "abandon" in step:
            self.follower.abandon()
        if "feedChanged" in step:
            self.follower = Follower()
        if "begin" in step:
            test.assertEqual(self.follower.begin_poll(now).get("after"), step["after"])
            self.polls[step["begin"]] = (self.follower, self.follower.pending)
        if "answer" in step:
            test.assertEqual(self.answer(step, now), step["result"])
        time_ms = self.follower.time_at(now.now_ms)
        if time_ms is not None:
            self.follower.index.remove_expired(time_ms - self.script["toleranceMs"])
        if "entries" in step:
            test.assertEqual(len(self.follower.index), step["entries"])
        if "kid" in step:
            is_known = self.key_store.known(step["kid"]) is not None
            test.assertEqual("accepted" if is_known else "refused", step["expect"])
        if "token" in step:
            test.assertEqual(self.decision(step, now, time_ms), step["expect"])

    def answer(self, step: dict, now: Instant) -> str:
        follower, sent_at = self.polls[step["answer"]]
        if not is_response(step["response"]):
            self.follower.abandon()
            return "failed"
        if follower is not self.follower:
            return "ignored"
        result = self.follower.apply(step["response"], sent_at, now.now_ms)
        if result == "restart":
            self.follower = Follower()
        if result == "applied":
            self.key_store.apply(follower.index.keys, is_complete=not step["response"]["more"])
        return result

    def decision(self, step: dict, now: Instant, time_ms: float | None) -> str:
        token = step["token"]
        if time_ms is None:
            return "revocation-unknown"
        if "exp" in token and time_ms >= token["exp"] * 1000 + self.script["toleranceMs"]:
            return "token-expired"
        result = decide(self.follower, token, now, step.get("onUnknown", "refuse"))
        return {"unknown": "revocation-unknown", "pass": "pass", **OF_EFFECT}[result]


if __name__ == "__main__":
    unittest.main()
