"""What a program may say to Longshore, on file descriptor 3; docs/command.md tells all of it."""
import json, os, sys

with open(os.environ["LONGSHORE_JOB"], encoding="utf-8") as file:
    job = json.load(file)  # job_id, attempt, files, parameters, checkpoint, workdir, outdir

_line = os.fdopen(3, "w", encoding="utf-8")

def say(**line):
    print(json.dumps(line), file=_line, flush=True)

def progress(percent, message=""):
    say(progress={"percent": percent, "message": message})

def log(text, level="info", **fields):
    say(log=text, level=level, fields=fields)

def fail(message, retryable=True):
    say(fail={"message": message, "retryable": retryable})
    sys.exit(1)
