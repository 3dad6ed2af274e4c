"""The chaos processor as a program: the same work, the same effect log."""
import hashlib, json, os, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../examples/command"))
import longshore

job = longshore.job
parameters = job["parameters"]
token = int(os.path.basename(job["workdir"]).split("-")[-1])
effects = os.open(os.environ["LONGSHORE_CHAOS_EFFECTS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def note(what):
    effect = {"what": what, "job": job["job_id"], "token": token, "attempt": job["attempt"], "pid": os.getpid(),
              "at": time.monotonic_ns() / 1e6}
    os.write(effects, (json.dumps(effect) + "\n").encode())

note("begin")
resumed = {"steps": 0, "snoozed": False, **(job["checkpoint"] or {})}
if parameters.get("fail") == "unrecoverable":
    longshore.fail("this can never work", retryable=False)
if parameters.get("fail") == "always" or job["attempt"] < parameters["failUntil"]:
    longshore.fail("attempt %d failed" % job["attempt"])
if parameters["snoozeMs"] > 0 and not resumed["snoozed"]:
    longshore.say(checkpoint={**resumed, "snoozed": True})
    longshore.say(snooze_seconds=parameters["snoozeMs"] / 1000)
    sys.exit(0)
for step in range(resumed["steps"] + 1, parameters["steps"] + 1):
    time.sleep(parameters["stepMs"] / 1000)
    longshore.log("step", step=step, token=token)
    longshore.progress(100 * step / parameters["steps"])
    note("step")
    if parameters["checkpointEvery"] > 0 and step % parameters["checkpointEvery"] == 0:
        longshore.say(checkpoint={**resumed, "steps": step})
if parameters["records"] > 0:
    with open(os.path.join(job["outdir"], "responses_00000.jsonl"), "w", encoding="utf-8") as table:
        for i in range(parameters["records"]):
            table.write(json.dumps({"job": job["job_id"], "token": token, "i": i}) + "\n")
digests = [hashlib.sha256(open(file["path"], "rb").read()).hexdigest() for file in job["files"]]
note("end")
longshore.say(result={"token": token, "attempt": job["attempt"], "resumedFrom": resumed["steps"], "digests": digests})
