"""`venturi scopes` and `venturi show`: what Redis shows, for a person or a script."""

import json
import subprocess
import tempfile
from pathlib import Path

from redis import Redis
from venturid import VENTURI

STAMP = ["as_of_ms", 1700000000123, "published_ms", 1700000000456, "watermark_ms", "nan", "cut", 9, "complete_ratio", 1]


def venturi(redis, *arguments, env=None):
    argv = [VENTURI, *arguments] + (["--redis", redis.url] if redis and not env else [])
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, env=env)


def filled():
    redis = Redis()
    redis("SADD", "venturi:scopes:portfolio", "acme")
    redis("SADD", "venturi:scopes:product", "acme/payout", "acme/intake")
    redis("HSET", "venturi:flow:acme:now", "wip_items", 3, "age_p50_seconds", 86400.5, "age_max_seconds", 999999.123,
          "wip_over_sle_items", "nan", *STAMP)
    redis("HSET", "venturi:flow:acme:7d", "throughput_items", 5, "flow_efficiency_ratio", 0.3333333333333333, *STAMP)
    redis("HSET", "venturi:flow:acme:last_week", "throughput_items", 4, *STAMP)
    return redis


def test_scopes():
    """`venturi scopes` lists ids with their levels, in order"""
    with filled() as redis:
        result = venturi(redis, "scopes")
        assert result.returncode == 0, result
        assert [line.split() for line in result.stdout.splitlines()] == [
            ["acme", "portfolio"], ["acme/intake", "product"], ["acme/payout", "product"]], result.stdout
        result = venturi(redis, "scopes", "--format", "json")
        assert json.loads(result.stdout)[1] == {"scope": "acme/intake", "level": "product"}, result.stdout
    with Redis() as redis:
        assert json.loads(venturi(redis, "scopes", "--format=json").stdout) == []


def test_show_json():
    """`venturi show --format json` tells every field of every window, nan as null"""
    with filled() as redis:
        windows = json.loads(venturi(redis, "show", "acme", "--format", "json").stdout)["windows"]
        assert set(windows) == {"now", "7d", "last_week"}, windows
        assert windows["now"]["wip_items"] == 3 and windows["now"]["wip_over_sle_items"] is None, windows
        assert windows["7d"]["flow_efficiency_ratio"] == 0.3333333333333333 and windows["7d"]["cut"] == 9, windows
        one = json.loads(venturi(redis, "show", "acme", "last_week", "--format", "json").stdout)
        assert one["scope"] == "acme" and set(one["windows"]) == {"last_week"}, one


def test_show_table():
    """`venturi show` lays out now and the rolling windows, durations in units that suit them"""
    with filled() as redis:
        result = venturi(redis, "show", "acme")
        assert result.returncode == 0, result
        assert "as of 2023-11-14T22:13:20Z" in result.stdout and "cut 9" in result.stdout, result.stdout
        rows = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines() if line.strip()}
        assert rows["now"] == ["7d", "30d", "90d"], result.stdout
        assert rows["wip_items"] == ["3"] and rows["throughput_items"] == ["5"], result.stdout
        assert rows["age_p50_seconds"] == ["24.0h"] and rows["age_max_seconds"] == ["11.6d"], result.stdout
        assert rows["wip_over_sle_items"] == ["-"] and rows["flow_efficiency_ratio"] == ["0.333"], result.stdout


def test_configuration():
    """Redis, its password and the prefix come from the configuration; options say otherwise"""
    with Redis(requirepass="secret") as redis, tempfile.TemporaryDirectory() as folder:
        redis("SADD", "mine:scopes:team", "acme/intake/falcon")
        redis("SADD", "venturi:scopes:team", "acme/intake/kite")
        password = Path(folder, "password")
        password.write_text("secret\n")
        conf = Path(folder, "venturid.conf")
        conf.write_text(f'portfolio = "acme"\nkafka {{ topics = {{"t"}} }}\n'
                        f'redis {{ url = "{redis.url}" password_file = "{password}" prefix = "mine:" }}\n')
        result = venturi(None, "scopes", "-c", conf)
        assert result.stdout.split() == ["acme/intake/falcon", "team"], result
        result = venturi(None, "scopes", "-c", conf, "--prefix", "venturi:")
        assert result.stdout.split() == ["acme/intake/kite", "team"], result
        result = venturi(None, "scopes", "-c", conf, "--redis", "unix:///nowhere")
        assert result.returncode == 69 and "/nowhere" in result.stderr, result
        result = venturi(None, "scopes", "-c", Path(folder, "none.conf"))
        assert result.returncode in (66, 78) and "none.conf" in result.stderr, result


def test_environment():
    """Redis and prefix come from the environment too"""
    with filled() as redis:
        redis("SADD", "mine:scopes:team", "acme/intake/falcon")
        result = venturi(redis, "scopes", env={"VENTURI_REDIS_URL": redis.url, "VENTURI_REDIS_PREFIX": "mine:"})
        assert result.stdout.split() == ["acme/intake/falcon", "team"], result


def test_errors():
    """What is not there, or wrong, is said with an exit status of sysexits.h"""
    with filled() as redis:
        redis("SET", "venturi:flow:acme:30d", "x")
        for status, word, *arguments in [
                (66, "acme/nobody", "show", "acme/nobody"), (64, "fortnight", "show", "acme", "fortnight"),
                (64, "Usage", "show"), (64, "Usage", "scopes", "acme"), (64, "yaml", "scopes", "--format", "yaml"),
                (69, "WRONGTYPE", "show", "acme")]:
            result = venturi(redis, *arguments)
            assert result.returncode == status and word in result.stderr and not result.stdout, (arguments, result)
    for status, url in [(69, "redis://localhost:1/0"), (69, "unix:///nowhere/redis.sock"), (78, "http://localhost")]:
        result = subprocess.run([VENTURI, "scopes", "--redis", url], capture_output=True, text=True, timeout=60)
        assert result.returncode == status and result.stderr.count("\n") == 1, (url, result)


def test_password():
    """A wrong password is said to be one"""
    with Redis(requirepass="secret") as redis:
        redis("SADD", "venturi:scopes:portfolio", "acme")
        url = f"unix://{redis.path}"
        result = subprocess.run([VENTURI, "scopes", "--redis", url], capture_output=True, text=True, timeout=60)
        assert result.returncode == 69 and "NOAUTH" in result.stderr, result
