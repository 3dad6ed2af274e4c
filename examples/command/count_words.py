"""Counts the words of every file of a job, and leaves a table of them as an output."""
import csv, os
from collections import Counter

import longshore

job = longshore.job
words = Counter()
for number, file in enumerate(job["files"], start=1):
    with open(file["path"], encoding="utf-8", errors="replace") as text:
        for line in text:
            words.update(line.lower().split())
    longshore.progress(100 * number / len(job["files"]), os.path.basename(file["path"]))
if not words:
    longshore.fail("There are no words in these files.", retryable=False)

with open(os.path.join(job["outdir"], "words.csv"), "w", newline="", encoding="utf-8") as table:
    csv.writer(table).writerows(sorted(words.items()))
longshore.say(result={"words": words.total(), "different": len(words)})
