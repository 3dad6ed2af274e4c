"""The acts of the acting processor, as a program: see acting-processor.ts."""
import os, signal, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../examples/command"))
import longshore

job = longshore.job
act = job["parameters"]["act"]
total = 0
if act == "answer":
    total = job["parameters"]["factor"]
elif act == "bad result":
    total = -1
elif act == "progress":
    for percent in range(1, 101):
        longshore.progress(percent, job["job_id"])
elif act == "checkpoint":
    total = (job["checkpoint"] or {"at": 0})["at"] + 1
    longshore.say(checkpoint={"at": total})
elif act == "log":
    longshore.log("first", cells=3)
    longshore.log("second", level="warn")
elif act == "span":
    longshore.log(os.environ.get("TRACEPARENT", "none"))
elif act == "schedule":
    told = job["schedule"]
    assert os.environ.get("LONGSHORE_SCHEDULE") == (told and told["name"])
    assert os.environ.get("LONGSHORE_TICK") == (told and told["tick"])
    longshore.log(f"{told['name']} {told['tick'] or 'undefined'}" if told else "none")
elif act == "outputs":
    os.mkdir(os.path.join(job["outdir"], "notes"))
    with open(os.path.join(job["outdir"], "notes/a.txt"), "w") as file:
        file.write("hello")
    open(os.path.join(job["outdir"], "empty.bin"), "w").close()
elif act == "mark":
    longshore.say(file={"index": 1, "state": "failed", "error": "broken"})
elif act == "wait":
    longshore.progress(1, "waiting")
    signal.pause()
elif act == "spin":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    longshore.progress(1, str(os.getpid()))
    while True:
        pass
elif act == "unrecoverable":
    longshore.fail("no such cell", retryable=False)
elif act == "snooze":
    longshore.say(snooze_seconds=5)
elif act == "fail":
    print("x is undefined", file=sys.stderr)
    sys.exit(1)
longshore.say(result={"total": total})
