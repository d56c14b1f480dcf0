"""An asynchronous action is done in steps, each once, whoever dies in between; told over /v1/async-actions."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError
from django.utils import timezone
from voucherify import models as sdk

from tests.factories import make_key, make_user
from voucherify_admin.async_actions import actions, models, tasks
from voucherify_admin.async_actions.actions import Asked, Work
from voucherify_admin.async_actions.job import Job, RefusedError, RowResult, Step
from voucherify_admin.async_actions.models import ActionRow, AsyncAction
from voucherify_admin.notifications.models import Notification

pytestmark = pytest.mark.django_db

ME = "tests.async_actions.test_async_action"


class Counting(Job):
    """Counts up to the total, two at a step; the numbers in `bad` are rows that cannot be used."""

    label = "Counting"
    bad: set[int] = set()
    breaks: dict[int, Exception] = {}

    def step(self, position, *, now):
        if position in self.breaks:
            raise self.breaks.pop(position)
        numbers = range(position + 1, min(position + 2, self.action.total) + 1)
        rows = [RowResult(number, f"N{number}", "bad" if number in self.bad else "") for number in numbers]
        done = sum(not row.error for row in rows)
        return Step(numbers[-1], done, is_last=numbers[-1] == self.action.total, rows=rows)


@pytest.fixture(autouse=True)
def counting(settings, monkeypatch):
    settings.ASYNC_ACTIONS = {**settings.ASYNC_ACTIONS, "COUNT": "job"}
    monkeypatch.setattr(models, "get_job", lambda _: Counting)
    monkeypatch.setattr(Counting, "bad", set())
    monkeypatch.setattr(Counting, "breaks", {})


def start(total=5, **changes) -> AsyncAction:
    return actions.start(Work("COUNT", total, **changes), Asked(request_id="v-1"))


def again(action: AsyncAction) -> AsyncAction:
    return AsyncAction.objects.get(pk=action.pk)


def test_it_runs_to_its_end_once_however_often_it_is_delivered():
    action = start()
    assert (action.status, action.percent, action.operation_status) == ("ENQUEUED", 0, "UNKNOWN")
    tasks.run_async_action(action.pk)
    tasks.run_async_action(action.pk)
    action.run()
    done = again(action)
    assert (done.status, done.done_count, done.failed_count, done.position) == ("DONE", 5, 0, 5)
    assert (done.percent, done.operation_status, done.message) == (100, "SUCCESS", "5 of 5 were created.")
    assert list(done.rows.order_by("number").values_list("name", flat=True)) == ["N1", "N2", "N3", "N4", "N5"]
    tasks.run_async_action(10**9)


def test_rows_that_cannot_be_used_are_told_and_stop_nothing():
    Counting.bad = {2, 3}
    action = start()
    action.run()
    done = again(action)
    assert (done.status, done.operation_status, done.done_count, done.failed_count) == ("DONE", "SUCCESS", 3, 2)
    assert done.result(most=1)["failed"] == [{"row": 2, "code": "N2", "message": "bad"}]
    Counting.bad = {1, 2, 3, 4, 5}
    hopeless = start()
    hopeless.run()
    assert again(hopeless).operation_status == "FAILED"


def test_a_refusal_ends_it_with_its_sentence_and_keeps_what_was_done():
    Counting.breaks = {2: RefusedError("The campaign was deleted in the meantime.")}
    action = start()
    action.run()
    failed = again(action)
    assert (failed.status, failed.operation_status, failed.done_count) == ("FAILED", "FAILED", 2)
    assert failed.message == "The campaign was deleted in the meantime."


def test_an_unexpected_error_ends_it_without_telling_secrets():
    Counting.breaks = {0: ZeroDivisionError("password=1")}
    action = start()
    action.run()
    assert again(action).status == "FAILED"
    assert "password" not in again(action).message
    assert action.public_id in again(action).message


def test_the_person_who_asked_is_told_once_how_it_ended():
    ann = make_user()
    Counting.bad = {2}
    action = actions.start(Work("COUNT", 5, file_name="codes.csv"), Asked(owner=ann))
    action.run()
    again(action).run()
    notice = Notification.objects.get()
    assert (notice.user, notice.kind, notice.about) == (ann, "action_done", action.public_id)
    assert notice.title == "Counting done: codes.csv"
    assert notice.text == "4 of 5 were created. 1 could not be used."
    assert notice.url == f"/imports/{action.public_id}/"


@pytest.mark.parametrize("trouble", [RefusedError("The campaign was deleted."), ZeroDivisionError()])
def test_the_person_who_asked_is_told_why_it_failed(trouble):
    Counting.breaks = {2: trouble}
    action = actions.start(Work("COUNT", 5), Asked(owner=make_user()))
    action.run()
    again(action).fail("Too late.")
    notice = Notification.objects.get()
    assert (notice.kind, notice.title) == ("action_failed", "Counting failed")
    assert notice.text == again(action).message


def test_what_no_row_could_be_used_of_is_told_as_a_failure_and_a_key_is_told_nothing():
    Counting.bad = {1, 2, 3, 4, 5}
    start().run()
    assert not Notification.objects.exists()
    actions.start(Work("COUNT", 5), Asked(owner=make_user())).run()
    assert Notification.objects.get().kind == "action_failed"


def test_a_worker_that_dies_again_and_again_is_told_of_too():
    action = actions.start(Work("COUNT", 5), Asked(owner=make_user()))
    long_ago = timezone.now() - timedelta(hours=1)
    AsyncAction.objects.update(status="IN_PROGRESS", deaths=models.MAX_DEATHS, heartbeat_at=long_ago)
    assert not again(action).rescue(timezone.now())
    assert "the worker died" in Notification.objects.get().text


def test_a_notice_that_cannot_be_left_leaves_the_end_undone_too(monkeypatch):
    action = actions.start(Work("COUNT", 2), Asked(owner=make_user()))

    def broken(*_, **__):
        raise OperationalError("gone")

    monkeypatch.setattr(models.notifications, "notify", broken)
    with pytest.raises(OperationalError):
        action.run()
    assert (again(action).status, again(action).position) == ("IN_PROGRESS", 0)


def test_when_the_database_goes_away_another_worker_goes_on_where_it_stopped():
    Counting.breaks = {2: OperationalError("gone")}
    action = start()
    with pytest.raises(OperationalError):
        action.run()
    assert (again(action).status, again(action).position) == ("IN_PROGRESS", 2)
    later = timezone.now() + timedelta(minutes=5)
    assert again(action).rescue(later)
    again(action).run()
    assert (again(action).status, ActionRow.objects.filter(action=action).count()) == ("DONE", 5)


def test_a_worker_that_was_thought_dead_and_wakes_up_does_nothing_more():
    action = start()
    sleeper = again(action)
    assert sleeper._claim()
    assert not sleeper._step(Counting(sleeper))
    assert again(action).rescue(timezone.now() + timedelta(minutes=5))
    again(action).run()
    with pytest.raises(models.LostError):
        sleeper._step(Counting(sleeper))
    assert (again(action).done_count, again(action).rows.count()) == (5, 5)


def test_only_those_without_a_sign_of_life_are_rescued_and_not_for_ever():
    action = start()
    now = timezone.now()
    assert not action.rescue(now)
    for _ in range(models.MAX_DEATHS):
        assert again(action)._claim()
        now += timedelta(minutes=5)
        rescued = again(action).rescue(now)
    assert not rescued
    assert again(action).status == "FAILED"
    assert "3 times" in again(action).message


def test_its_input_is_kept_until_it_has_ended():
    action = start(content=b"a,b", file_name="codes.csv")
    assert default_storage.open(action.file).read() == b"a,b"
    action.run()
    assert not default_storage.exists(action.file)


def test_it_is_told_over_the_api(client):
    Counting.bad = {2}
    action = start()
    headers = make_key("Viewer")
    waiting = client.get(f"/v1/async-actions/{action.public_id}", headers=headers).json()
    assert (waiting["status"], waiting["operation_status"], waiting["result"]) == ("ENQUEUED", "UNKNOWN", None)
    action.run()
    done = client.get(f"/v1/async-actions/{action.public_id}", headers=headers).json()
    sdk.AsyncActionGetResponseBody.from_dict(done)
    assert (done["status"], done["operation_status"], done["progress"]) == ("DONE", "SUCCESS", 100)
    assert (done["result"]["done_count"], done["result"]["failed_count"]) == (4, 1)
    assert done["result"]["failed"] == [{"row": 2, "code": "N2", "message": "bad"}]
    listed = client.get("/v1/async-actions", headers=headers).json()
    sdk.AsyncActionsListResponseBody.from_dict(listed)
    assert [each["id"] for each in listed["async_actions"]] == [action.public_id]
    assert "result" not in listed["async_actions"][0]
    unknown = client.get("/v1/async-actions/aa_1", headers=headers)
    assert (unknown.status_code, unknown.json()["details"]) == (404, "Cannot find async_action with id aa_1")
    assert client.get("/v1/async-actions", headers=make_key("Merchant")).status_code == 403


def test_its_results_are_a_csv_that_no_spreadsheet_runs(client):
    action = start(2)
    action.run()
    ActionRow.objects.filter(number=1).update(name="=1+1", error="-bad")
    answer = client.get(f"/v1/async-actions/{action.public_id}/results", headers=make_key())
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert text.splitlines() == ["Row,Code,Result,What is wrong", "1,'=1+1,FAILED,'-bad", "2,N2,OK,"]
