"""Reference timestamps from Python's datetime. Python 3.11, standard library only.

Run: python3 Tests/Generate/timestamps.py > Tests/Reference/timestamps.json
"""

import json
import platform
import random
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def nanoseconds(moment, extra=0):
    delta = moment - EPOCH
    return (delta.days * 86400 + delta.seconds) * 10**9 + delta.microseconds * 1000 + extra


def case(moment, nanosecond):
    moment = moment.replace(microsecond=0)
    return {
        "parts": [moment.year, moment.month, moment.day, moment.hour, moment.minute,
                  moment.second, nanosecond],
        "text": moment.strftime("%Y-%m-%dT%H:%M:%S") + f".{nanosecond:09d}Z",
        "nanoseconds": str(nanoseconds(moment, nanosecond)),
    }


def main():
    generator = random.Random(20240229)
    cases = []
    edges = [
        (1677, 9, 22), (1699, 12, 31), (1700, 2, 28), (1700, 3, 1), (1800, 2, 28), (1900, 2, 28),
        (1900, 3, 1), (1904, 2, 29), (1969, 12, 31), (1970, 1, 1), (2000, 2, 29), (2000, 12, 31),
        (2001, 1, 1), (2023, 12, 31), (2024, 2, 29), (2024, 3, 1), (2100, 2, 28), (2100, 3, 1),
        (2200, 12, 31), (2262, 4, 11),
    ]
    for year, month, day in edges:
        for hour, minute, second, nanosecond in [(0, 0, 0, 0), (23, 47, 16, 854775807)]:
            moment = datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
            cases.append(case(moment, nanosecond))
    for _ in range(300):
        start = datetime(1677, 9, 22, tzinfo=timezone.utc)
        moment = start + timedelta(seconds=generator.randrange(18446700000))
        cases.append(case(moment, generator.randrange(10**9)))
    offsets = []
    for _ in range(60):
        minutes = generator.randrange(-23 * 60, 23 * 60)
        zone = timezone(timedelta(minutes=minutes))
        start = datetime(1700, 1, 1, tzinfo=zone)
        moment = start + timedelta(seconds=generator.randrange(17000000000))
        sign = "-" if minutes < 0 else "+"
        offsets.append({
            "text": moment.strftime("%Y-%m-%d %H:%M:%S")
            + f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}",
            "nanoseconds": str(nanoseconds(moment)),
        })
    print(json.dumps({
        "generator": "Tests/Generate/timestamps.py",
        "versions": {"python": platform.python_version()},
        "cases": cases,
        "offsets": offsets,
    }, indent=1))


main()
