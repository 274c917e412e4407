package main

import (
	"strings"
	"testing"
)

// TestAWrongValueIsAClearSentenceAndExitCode2: nothing is done, and nothing printed but why.
func TestAWrongValueIsAClearSentenceAndExitCode2(t *testing.T) {
	t.Setenv("DATA_DIR", t.TempDir()) // nobody else's data, whatever happens
	for line, says := range map[string]string{
		"streams show u --from abc":                              `--from "abc": give a whole number`,
		"streams show u --from 1.5":                              `--from "1.5": give a whole number`,
		"streams show u --from 99999999999999999999":             "--from \"99999999999999999999\": give a whole number",
		"streams show u --from=":                                 `--from "": give a whole number`,
		"streams show u --from -3":                               "--from -3: positions begin at 1",
		"streams show u --from 0":                                "positions begin at 1",
		"streams show u --limit 0":                               "give 1 to 10000",
		"streams show u --limit 2000000000":                      "give 1 to 10000",
		"streams show u --limit ten":                             `--limit "ten": give a whole number`,
		"streams show":                                           "accepts 1 arg",
		"streams show a/b":                                       "is no user",
		"streams show ''":                                        "an argument is empty",
		"streams shwo u":                                         `unknown command "shwo" for "tasktide streams": choose one of show`,
		"deadletters list --limit -1":                            "from 0 on; 0 is all",
		"deadletters list --limit x":                             `--limit "x": give a whole number`,
		"deadletters list --since yesterday":                     `--since "yesterday": give a time like`,
		"deadletters list --since -1h":                           "a time like",
		"deadletters list --until 2026-02-30":                    "a time like",
		"deadletters list --since=":                              "a time like",
		"deadletters list --since 2026-02-04 --until 2026-02-03": "nothing can match",
		"deadletters list --topic nothing":                       "choose one of",
		"deadletters list --user=":                               "--user is empty",
		"deadletters list extra":                                 `unknown command "extra"`,
		"deadletters list --json=perhaps":                        `--json "perhaps": give true or false`,
		"deadletters discard --all --user ''":                    "--user is empty: give a value, or leave the flag out",
		"deadletters discard --all --error '' --group ''":        "--error is empty",
		"deadletters discard --all --topic ''":                   "--topic is empty",
		"deadletters discard ''":                                 "an argument is empty",
		"deadletters redrive ''":                                 "an argument is empty",
		"deadletters show ''":                                    "an argument is empty",
		"deadletters discard":                                    "name one letter, or say --all",
		"deadletters discard x --all":                            "name one letter, or say --all",
		"deadletters redrive --all --limit 1e3":                  `--limit "1e3": give a whole number`,
		"token":                                                  "--user is missing",
		"token --user ''":                                        "--user is empty",
		"token --user a/b":                                       "is no user",
		"token --user " + strings.Repeat("x", 256):               "is no user",
		"token --user u --ttl 0s":                                "1s or more",
		"token --user u --ttl -1h":                               "1s or more",
		"token --user u --ttl soon":                              `--ttl "soon": give a duration such as 90s`,
		"token --user u --ttl 60":                                `--ttl "60": give a duration such as 90s`,
		"token --user u --ttl 99999999h":                         "give a duration",
		"topics apply --partitions 0":                            "--partitions 0: give 1 to",
		"topics apply --partitions -8":                           "--partitions -8: give 1 to",
		"topics apply --partitions 100000":                       "--partitions 100000: give 1 to",
		"topics apply --partitions 3000000000":                   "not so large a one",
		"topics apply --partitions eight":                        "give a whole number",
		"topics apply --replication 0":                           "--replication 0: give 1 to",
		"topics apply --replication 40000":                       "not so large a one",
		"topics":                                                 "",
		"migrate":                                                "choose one of up, down, status",
		"migrate sideways":                                       "choose one of up, down, status",
		"users erase u":                                          "--yes",
		"users erase":                                            "accepts 1 arg",
		"users erase '' --yes":                                   "an argument is empty",
		"users export a?b":                                       "is no user",
		"users exprot u":                                         "choose one of create, list, grant, reset-password, export, erase",
		"users create":                                           "accepts 1 arg",
		"users create a@example.org --scope admin":               "is no scope: there is only operator",
		"users grant a@example.org":                              "accepts 2 arg",
		"users grant a@example.org root":                         "is no scope",
		"users reset-password ''":                                "an argument is empty",
		"users list --json=maybe":                                "give true or false",
		"outbox status extra":                                    "unknown command",
		"outbox status --json=2":                                 `--json "2": give true or false`,
		"--config '' version":                                    "--config is empty",
		"version extra":                                          "unknown command",
		"vers":                                                   "unknown command",
		"config --nothing":                                       "unknown flag",
		"deadletters list --limit":                               "needs an argument",
		"deadletters list --since 2026-02-04T10:00:00Z --until 1000000": "a time like",
	} {
		var out, errs strings.Builder
		code := run(words(line), &out, &errs)
		if says == "" {
			if code != 0 || !strings.Contains(out.String(), "Usage:") {
				t.Errorf("%s: exit code %d, %q %q", line, code, out.String(), errs.String())
			}
			continue
		}
		if code != 2 || !strings.Contains(errs.String(), says) || out.Len() > 0 || strings.Contains(errs.String(), "strconv") {
			t.Errorf("%.80s: exit code %d, printed %q and %q, want %q", line, code, out.String(), errs.String(), says)
		}
	}
}

// words splits a line; two quotes are an empty word.
func words(line string) []string {
	out := strings.Fields(line)
	for i := range out {
		out[i] = strings.ReplaceAll(out[i], "''", "")
	}
	return out
}

func TestWhatFailsWhileACommandRunsIsExitCode1(t *testing.T) {
	t.Setenv("DATA_DIR", t.TempDir()+"/not/there")
	var out, errs strings.Builder
	if code := run([]string{"--config", "/not/there", "outbox", "status"}, &out, &errs); code != 1 {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
}
