"""Checks: Job and CronJob."""

from __future__ import annotations

from kprov.engine.verify.api import ApiError
from kprov.engine.verify.objects import container, job_spec, once, part, pod_spec, selector
from kprov.engine.verify.podwork import finished
from kprov.engine.verify.resources import JOBS
from kprov.engine.verify.session import Session, by_label, by_name
from kprov.engine.verify.values import CheckFailed, JsonObject
from kprov.engine.verify.wait import Objects, WaitTimeout, wait_for

_HTTP_INVALID = 422
_HTTP_BAD_REQUEST = 400


def job(session: Session) -> str:
    """A Job runs its pod to the end and is complete."""
    session.create(JOBS, "job", spec=_job(session, "job"))
    said = finished(session, by_label(selector("job"))).strip()
    if said != "job":
        raise CheckFailed(f"the log of the Job's pod says {said!r}, not 'job'")
    return _complete(session, "job")


def cron_job(session: Session) -> str:
    """A CronJob's schedule is accepted (a wrong one refused) and its template works as a Job.

    Its first run may be a minute away: the Job is made from the template at once, as
    `kubectl create job --from=cronjob/NAME` does, and owned by the CronJob.
    """
    resource = session.server.cron_jobs
    template = {"spec": _job(session, "cronjob")}
    fields = {"jobTemplate": template, "successfulJobsHistoryLimit": 1}
    _refuses_bad_schedule(session, fields)
    made = session.create(resource, "cronjob", spec={"schedule": "* * * * *", **fields})
    owner = {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "name": "cronjob",
        "uid": made["metadata"]["uid"],
        "controller": True,
    }
    session.api.create(
        session.path(JOBS),
        {
            "apiVersion": JOBS.api_version,
            "kind": JOBS.kind,
            "metadata": {
                "name": "cronjob-by-hand",
                "labels": part("cronjob"),
                "annotations": {"cronjob.kubernetes.io/instantiate": "manual"},
                "ownerReferences": [owner],
            },
            **template,
        },
    )
    said = finished(session, by_label(selector("cronjob"))).strip()
    session.delete(resource, "cronjob")
    if said != "cronjob":
        raise CheckFailed(f"the log of the CronJob's pod says {said!r}, not 'cronjob'")
    return f"schedule accepted as {resource.api_version}, template run by a Job"


def _job(session: Session, word: str) -> JsonObject:
    main = container(session.options.image, once('echo "$1"', word))
    return job_spec(word, pod_spec(main, tolerations=list(session.tolerations)))


def _complete(session: Session, name: str) -> str:
    def complete(jobs: Objects) -> str | None:
        status = jobs[name].get("status") or {} if name in jobs else {}
        kinds = {c["type"] for c in status.get("conditions") or [] if c["status"] == "True"}
        return f"{status['succeeded']} pod succeeded" if "Complete" in kinds else None

    try:
        return wait_for(session, JOBS, by_name(name), complete)
    except WaitTimeout as timeout:
        status = timeout.objects[name].get("status") if name in timeout.objects else "gone"
        raise CheckFailed(
            f"the Job's pod has succeeded, the Job is not complete: status {status}",
            "is kube-controller-manager running and elected?",
        ) from None


def _refuses_bad_schedule(session: Session, fields: JsonObject) -> None:
    try:
        session.create(
            session.server.cron_jobs, "cronjob-wrong", spec={"schedule": "61 * * * *", **fields}
        )
    except ApiError as error:
        if error.status in {_HTTP_INVALID, _HTTP_BAD_REQUEST}:
            return
        raise
    raise CheckFailed("a CronJob with the schedule '61 * * * *' was accepted")
