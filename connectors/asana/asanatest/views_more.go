package asanatest

import "time"

func storyView() view[*story] {
	return view[*story]{
		full: []string{"gid", "resource_type", "created_at", "created_by", "resource_subtype", "type", "text", "is_pinned", "is_edited",
			"is_editable", "hearted", "hearts", "num_hearts", "liked", "likes", "num_likes", "previews", "source", "target"},
		compact: []string{"gid", "resource_type", "created_at", "created_by", "resource_subtype", "type", "text"},
		get: getters[*story]{
			"gid":              func(_ *renderer, s *story, _ selection) any { return s.id.String() },
			"resource_type":    fixed[*story]("story"),
			"created_at":       func(_ *renderer, s *story, _ selection) any { return when(s.created) },
			"created_by":       func(r *renderer, s *story, sub selection) any { return r.user(s.author, sub) },
			"resource_subtype": func(_ *renderer, s *story, _ selection) any { return s.subtype },
			"type":             func(_ *renderer, s *story, _ selection) any { return s.kind() },
			"text":             func(_ *renderer, s *story, _ selection) any { return s.text },
			"html_text": func(_ *renderer, s *story, _ selection) any {
				if s.html != "" {
					return s.html
				}
				return htmlOf(s.text)
			},
			"is_pinned":   func(_ *renderer, s *story, _ selection) any { return s.pinned },
			"is_edited":   func(_ *renderer, s *story, _ selection) any { return s.edit },
			"is_editable": func(r *renderer, s *story, _ selection) any { return s.comment() && s.author == r.who.user },
			"hearted":     fixed[*story](false),
			"hearts":      fixed[*story]([]any{}),
			"num_hearts":  fixed[*story](0),
			"liked":       fixed[*story](false),
			"likes":       fixed[*story]([]any{}),
			"num_likes":   fixed[*story](0),
			"previews":    fixed[*story]([]any{}),
			"source":      fixed[*story]("api"),
			"target":      func(r *renderer, s *story, sub selection) any { return r.st.views.task.ref(r, s.task, sub) },
			"task":        func(r *renderer, s *story, sub selection) any { return r.st.views.task.ref(r, s.task, sub) },
		},
	}
}

func webhookView() view[*webhook] {
	names := []string{"gid", "resource_type", "active", "resource", "target", "created_at", "last_failure_at", "last_failure_content",
		"last_success_at", "delivery_retry_count", "next_attempt_after", "failure_deletion_timestamp", "filters"}
	return view[*webhook]{
		full: names, compact: names,
		get: getters[*webhook]{
			"gid":                  func(_ *renderer, h *webhook, _ selection) any { return h.id.String() },
			"resource_type":        fixed[*webhook]("webhook"),
			"active":               func(_ *renderer, h *webhook, _ selection) any { return h.active },
			"resource":             func(r *renderer, h *webhook, _ selection) any { return r.st.named(h.resource, h.kind) },
			"target":               func(_ *renderer, h *webhook, _ selection) any { return h.target },
			"created_at":           func(_ *renderer, h *webhook, _ selection) any { return when(h.created) },
			"last_failure_at":      func(_ *renderer, h *webhook, _ selection) any { return when(h.failed) },
			"last_failure_content": func(_ *renderer, h *webhook, _ selection) any { return orNull(h.failure) },
			"last_success_at":      func(_ *renderer, h *webhook, _ selection) any { return when(h.succeeded) },
			"delivery_retry_count": func(_ *renderer, h *webhook, _ selection) any { return h.retries },
			"next_attempt_after":   func(_ *renderer, h *webhook, _ selection) any { return when(h.next) },
			"failure_deletion_timestamp": func(_ *renderer, h *webhook, _ selection) any {
				if h.failingSince == 0 {
					return nil
				}
				return stampOf(h.failingSince.time().Add(hookLifetime)).String()
			},
			"filters": func(_ *renderer, h *webhook, _ selection) any { return h.filters },
		},
	}
}

// hookLifetime is how long a webhook may fail before it is deleted. https://developers.asana.com/docs/webhooks-guide
const hookLifetime = 24 * time.Hour
