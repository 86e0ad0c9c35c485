// SPDX-License-Identifier: GPL-2.0
/*
 * The conversation: a prompt with history and completion of verbs. From a pipe
 * it reads lines without one.
 */
#include <editline/readline.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "testudoctl.h"

#define LINE_WORDS 16

static char *line_next_verb(const char *text, int state)
{
	static unsigned int at;
	const char *name;

	if (!state)
		at = 0;
	while ((name = main_verb(at))) {
		at++;
		if (!strncmp(name, text, strlen(text)))
			return strdup(name);
	}
	return NULL;
}

/* Only the first word is a verb; no file names in place of the others. */
static char **line_complete(const char *text, int start, int end)
{
	(void)end;
	rl_attempted_completion_over = 1;
	return start ? NULL : rl_completion_matches(text, line_next_verb);
}

/* One line; false at the wish to end. */
static bool line_run(const struct run *defaults, char *line, int *status)
{
	char *words[LINE_WORDS + 1], *word, *rest = line;
	int n = 0;

	while ((word = strsep(&rest, " \t\r\n"))) {
		if (!*word)
			continue;
		if (n == LINE_WORDS) {
			fprintf(stderr, "testudoctl: more than %d words\n", LINE_WORDS);
			*status = TCTL_FAILED;
			return true;
		}
		words[n++] = word;
	}
	words[n] = NULL;
	if (!n)
		return true;
	if (!strcmp(words[0], "quit") || !strcmp(words[0], "exit"))
		return false;
	*status = main_words(defaults, n, words);
	return true;
}

static int line_pipe(const struct run *defaults)
{
	int status = TCTL_OK;
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) >= 0)
		if (!line_run(defaults, line, &status))
			break;
	free(line);
	return status;
}

/**
 * line_loop() - talk until the end of input, or "quit"
 * @defaults: what the command line has said
 *
 * Return: TCTL_* of the last verb.
 */
int line_loop(const struct run *defaults)
{
	int status = TCTL_OK;
	bool more = true;
	char *line;

	if (!isatty(STDIN_FILENO))
		return line_pipe(defaults);
	rl_readline_name = "testudoctl";
	rl_attempted_completion_function = line_complete;
	using_history();
	while (more && (line = readline("testudoctl> "))) {
		if (*line)
			add_history(line);
		more = line_run(defaults, line, &status);
		free(line);
	}
	if (more)
		putchar('\n');
	return status;
}
