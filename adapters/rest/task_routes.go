package rest

import (
	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/adapters/rest/spec"
	"github.com/tasktide/tasktide/core/tasks"
)

func (a *api) taskRoutes() []spec.Route {
	const list, one = "/api/{user_id}/tasks", "/api/{user_id}/tasks/{id}"
	changed := []spec.Answer{{
		Status: fiber.StatusOK, About: "The task as it is now.", Schema: taskSchema(), Headers: []spec.Header{etag()},
	}}
	guarded := []int{fiber.StatusBadRequest, fiber.StatusConflict, fiber.StatusPreconditionFailed}
	return []spec.Route{{
		Method: fiber.MethodGet, Path: list, ID: "listTasks", Tag: "Tasks", Summary: "List tasks, newest first",
		About: "Without `limit` and `cursor` the list is complete. With one of them it comes in pages: `Link` names the next one while there is more.\n\n" +
			"`X-Stream-Position` is read in the same snapshot as the list: to go on from here with a live connection, resume from it.",
		Params: taskFilters(),
		Answers: []spec.Answer{{
			Status: fiber.StatusOK, About: "The tasks.", Schema: spec.List(taskSchema()), Headers: []spec.Header{streamPosition(), nextLink()},
		}},
		Handle: a.listTasks,
	}, {
		Method: fiber.MethodPost, Path: list, ID: "createTask", Tag: "Tasks", Summary: "Create a task",
		Params: []spec.Param{prefer(), idempotencyKey()},
		Body:   &spec.Body{Schema: newTaskSchema()},
		Answers: []spec.Answer{{
			Status: fiber.StatusCreated, About: "The task.", Schema: taskSchema(), Headers: []spec.Header{etag(), location(), preferenceApplied()},
		}},
		Handle: a.createTask,
	}, {
		Method: fiber.MethodGet, Path: one, ID: "getTask", Tag: "Tasks", Summary: "Read a task",
		Params: []spec.Param{ifNoneMatch()},
		Answers: []spec.Answer{
			{Status: fiber.StatusOK, About: "The task.", Schema: taskSchema(), Headers: []spec.Header{etag()}},
			{Status: fiber.StatusNotModified, About: "`If-None-Match` names the version that the task has.", Headers: []spec.Header{etag()}},
		},
		Handle: a.getTask,
	}, {
		Method: fiber.MethodPut, Path: one, ID: "updateTask", Tag: "Tasks", Summary: "Change a task",
		About: "A field that is absent stays as it is, `null` clears it. A whole task may be sent back: what only the server sets is passed over. " +
			"A change that changes nothing makes no event and no version.",
		Params: []spec.Param{ifMatchParam(), streamEpoch(), prefer()},
		Body:   &spec.Body{Schema: taskChangeSchema()},
		Answers: []spec.Answer{{
			Status: fiber.StatusOK, About: "The task as it is now.", Schema: taskSchema(), Headers: []spec.Header{etag(), preferenceApplied()},
		}},
		Errors: guarded, Handle: a.updateTask,
	}, {
		Method: fiber.MethodPatch, Path: one + "/complete", ID: "toggleTask", Tag: "Tasks", Summary: "Complete a pending task, reopen a completed one",
		Params:  []spec.Param{ifMatchParam(), streamEpoch()},
		Answers: changed, Errors: guarded, Handle: a.toggleTask,
	}, {
		Method: fiber.MethodDelete, Path: one, ID: "deleteTask", Tag: "Tasks", Summary: "Delete a task",
		Params:  []spec.Param{ifMatchParam(), streamEpoch()},
		Answers: []spec.Answer{{Status: fiber.StatusNoContent, About: "It is deleted."}}, Errors: guarded, Handle: a.deleteTask,
	}}
}

func taskFilters() []spec.Param {
	return []spec.Param{
		spec.Query("status", spec.Text().Like("pending"), "`pending` or `completed`, in any case; another value matches nothing."),
		spec.Query("priority", spec.Text().Like("high"), "`low`, `medium` or `high`, in any case; another value matches nothing."),
		spec.Query("category", spec.Text().Like("home"), "`work`, `personal`, `home` or `other`, in any case; another value matches nothing."),
		spec.Query("search", spec.Text(), "In title or description, ignoring case, literally."),
		spec.Query("tags", spec.Text().Like("shop,food"), "Separated by commas, or repeated; a task must have all of them."),
		spec.Query("due_before", timeInput(), "Due before this time."),
		spec.Query("due_after", timeInput(), "Due after this time. A plus sign in an offset is `%2B`."),
		spec.Query("sort_by", spec.OneOf("createdAt", "dueDate", "priority", "title").Or("createdAt"), "Tasks without a due date come last."),
		spec.Query("sort_order", spec.OneOf("asc", "desc").Or("desc"), "In any case."),
		spec.Query("limit", spec.Int().From(1, tasks.MaxPage), "The size of a page."),
		spec.Query("cursor", spec.Text(), "Where a page begins: from the `Link` of the page before, with the same other parameters."),
	}
}
