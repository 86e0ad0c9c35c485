// SPDX-License-Identifier: GPL-2.0
/*
 * setkey: options, and which of the other rooms runs. Reads the commands of
 * -f as a whole and those of -c as they come; knows nothing of their meaning.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "setkey.h"

#ifndef SETKEY_VERSION
#define SETKEY_VERSION "unknown"
#endif

#define MAIN_READ	(256 << 10)	/* bytes that -c takes at once */

/** enum main_mode - what the run is about */
enum main_mode {
	MODE_NONE,
	MODE_FILE,
	MODE_STDIN,
	MODE_DUMP,
	MODE_FLUSH,
	MODE_MONITOR,
};

/**
 * struct main_opts - options that only main() needs
 * @mode: last of -f, -c, -D, -F, -x
 * @file: argument of -f
 * @policy: -P: the SPD instead of the SAD
 * @stamps: how often -x was given
 */
struct main_opts {
	enum main_mode mode;
	const char *file;
	bool policy;
	unsigned int stamps;
};

static const char main_usage[] =
	"usage: setkey [-knrv46NH] -f file      commands from a file (- is standard input)\n"
	"       setkey [-knrv46NH] -c           commands from standard input, as they come\n"
	"       setkey [-aPlpv] -D              dump the SAD, with -P the SPD\n"
	"       setkey [-Pv] -F                 flush the SAD, with -P the SPD\n"
	"       setkey [-H] -x[x]               print all PF_KEY messages\n"
	"       setkey [-ap] file ...           print messages stored in files\n"
	"       setkey -h | -V\n"
	"  -a dead SAs too     -k kernel semantics of fwd   -r RFC semantics (default)\n"
	"  -n check only       -v print the messages        -H and their bytes\n"
	"  -l repeat, short    -p print ports               -4 -6 -N how names resolve\n";

static int main_out_err;	/* first errno of writing standard output */

static bool main_flush(void)
{
	if (!fflush(stdout))
		return true;
	if (!main_out_err)
		main_out_err = errno;
	return false;
}

/* One text: parse to a list, check it, send it. Returns SETKEY_*. */
static int main_text(struct setkey *sk, struct source *src)
{
	struct cmd_list list;
	int status;

	cmd_parse(src, &list);
	emit_list(sk, src, &list);
	main_flush();
	status = src->errors ? SETKEY_USAGE : SETKEY_OK;
	source_free(src);
	return status;
}

static int main_file(struct setkey *sk, const char *name)
{
	struct source src;
	char *text = NULL;
	size_t len = 0;
	int fd = 0;

	if (strcmp(name, "-"))
		fd = open(name, O_RDONLY | O_CLOEXEC);
	else
		name = "<stdin>";
	if (fd >= 0)
		text = source_read(fd, &len);
	if (!text)
		fprintf(stderr, "setkey: %s: %s\n", name, strerror(errno));
	if (fd > 0)
		close(fd);
	if (!text)
		return SETKEY_USAGE;
	source_init(&src, name, text, len, 1);
	return main_text(sk, &src);
}

/**
 * struct main_stream - standard input, cut behind semicolons
 * @text: bytes read and not yet run
 * @len: how many
 * @cap: room in @text
 * @seen: bytes looked at for a semicolon
 * @cut: behind the last semicolon found
 * @line: number of the first line of @text
 * @quote: @seen is inside a quoted string
 * @comment: @seen is inside a comment
 */
struct main_stream {
	char *text;
	size_t len;
	size_t cap;
	size_t seen;
	size_t cut;
	unsigned long line;
	bool quote;
	bool comment;
};

/* Is the hash sign at @at the one of a level "unique#7"? */
static bool main_stream_unique(const struct main_stream *s, size_t at)
{
	const size_t stem = strlen("unique");
	char before;

	if (at < stem || memcmp(s->text + at - stem, "unique", stem) ||
	    !isdigit((unsigned char)s->text[at + 1]))
		return false;
	before = at > stem ? s->text[at - stem - 1] : ' ';
	return !isalnum((unsigned char)before) && !strchr(":_.%", before);
}

/*
 * Find the last semicolon that ends a command; each byte is looked at once. A
 * hash sign waits for the byte behind it.
 */
static void main_stream_cut(struct main_stream *s)
{
	char c;

	for (; s->seen < s->len; s->seen++) {
		c = s->text[s->seen];
		if (c == '#' && s->seen + 1 == s->len)
			break;
		if (c == '\n')
			s->quote = s->comment = false;
		else if (c == '"' && !s->comment)
			s->quote = !s->quote;
		else if (c == '#' && !s->quote && !main_stream_unique(s, s->seen))
			s->comment = true;
		else if (c == ';' && !s->quote && !s->comment)
			s->cut = s->seen + 1;
	}
}

/* Run the first @len bytes and forget them. */
static int main_stream_run(struct setkey *sk, struct main_stream *s, size_t len)
{
	struct source src;
	char *text = malloc(len + 1);
	const char *p;

	if (!text) {
		fputs("setkey: out of memory\n", stderr);
		exit(SETKEY_USAGE);
	}
	memcpy(text, s->text, len);
	source_init(&src, "<stdin>", text, len, s->line);
	for (p = s->text; (p = memchr(p, '\n', s->text + len - p)); p++)
		s->line++;
	memmove(s->text, s->text + len, s->len - len);
	s->len -= len;
	s->seen -= len;
	s->cut = 0;
	return main_text(sk, &src);
}

/* More input, 0 at its end, or a negative errno. */
static ssize_t main_stream_read(struct main_stream *s)
{
	char *more;
	ssize_t n;

	if (s->cap - s->len < MAIN_READ) {
		s->cap = s->cap * 2 + MAIN_READ;
		more = s->cap < SOURCE_MAX ? realloc(s->text, s->cap) : NULL;
		if (!more) {
			fputs("setkey: a command on standard input is too long\n", stderr);
			exit(SETKEY_USAGE);
		}
		s->text = more;
	}
	do {
		n = read(STDIN_FILENO, s->text + s->len, MAIN_READ);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	s->len += n;
	return n;
}

/* Does what is left hold more than blanks and comments? */
static bool main_stream_rest(const struct main_stream *s)
{
	bool comment = false;
	size_t i;

	for (i = 0; i < s->len; i++) {
		if (s->text[i] == '\n')
			comment = false;
		else if (s->text[i] == '#')
			comment = true;
		else if (!comment && !strchr(" \t\r", s->text[i]))
			return true;
	}
	return false;
}

/* A wrong command is left out and shows in the status at the end. */
static int main_stdin(struct setkey *sk)
{
	struct main_stream s = { .line = 1 };
	int status = SETKEY_OK, err;
	ssize_t n;

	sk->stream = true;
	while ((n = main_stream_read(&s)) > 0) {
		main_stream_cut(&s);
		if (!s.cut)
			continue;
		err = main_stream_run(sk, &s, s.cut);
		status = err ? err : status;
		if (sk->quit)
			break;
	}
	if (n < 0) {
		fprintf(stderr, "setkey: <stdin>: %s\n", strerror(-n));
		status = SETKEY_USAGE;
	} else if (!sk->quit && main_stream_rest(&s)) {
		err = main_stream_run(sk, &s, s.len);
		status = err ? err : status;
	}
	if (s.text)
		explicit_bzero(s.text, s.cap);
	free(s.text);
	return status;
}

static void main_dump(struct setkey *sk, bool policy)
{
	if (sk->forever && !policy)
		printf("%-4s %-3s %-1s %-8s %-7s %s -> %s\n", "time", "p", "s", "spi", "ltime",
		       "src", "dst");
	while (emit_short(sk, policy ? SADB_X_SPDDUMP : SADB_DUMP) && sk->forever) {
		if (!main_flush())
			return;
		sleep(1);
	}
}

static int main_open(struct setkey *sk)
{
	int err;

	if (sk->dry)
		return 0;
	err = pfkey_sock_open(&sk->sock);
	if (!err)
		return 0;
	fprintf(stderr, "setkey: cannot open a PF_KEY socket: %s%s\n", strerror(-err),
		err == -EAFNOSUPPORT ? " (is the module testudo loaded?)" : "");
	return err;
}

static int main_run(struct setkey *sk, const struct main_opts *opts)
{
	int status = SETKEY_OK;

	switch (opts->mode) {
	case MODE_FILE:
	case MODE_STDIN:
		if (!sk->dry)
			emit_offer(sk);
		status = opts->mode == MODE_FILE ? main_file(sk, opts->file) : main_stdin(sk);
		break;
	case MODE_DUMP:
		main_dump(sk, opts->policy);
		break;
	case MODE_FLUSH:
		emit_short(sk, opts->policy ? SADB_X_SPDFLUSH : SADB_FLUSH);
		break;
	default:
		fprintf(stderr, "setkey: %s\n", strerror(-show_monitor(sk, opts->stamps)));
		sk->refused = true;
		break;
	}
	if (status == SETKEY_OK && sk->refused)
		status = SETKEY_REFUSED;
	return status;
}

static int main_files(const struct setkey *sk, char **names)
{
	int status = SETKEY_OK;

	for (; *names; names++)
		if (show_file(sk, *names))
			status = SETKEY_USAGE;
	return status;
}

/* Options that choose what to do; false for one that is not among them. */
static bool main_mode_opt(int c, struct main_opts *opts)
{
	switch (c) {
	case 'c':
		opts->mode = MODE_STDIN;
		return true;
	case 'f':
		opts->mode = MODE_FILE;
		opts->file = optarg;
		return true;
	case 'D':
		opts->mode = MODE_DUMP;
		return true;
	case 'F':
		opts->mode = MODE_FLUSH;
		return true;
	case 'x':
		opts->mode = MODE_MONITOR;
		opts->stamps++;
		return true;
	case 'P':
		opts->policy = true;
		return true;
	default:
		return false;
	}
}

/* Options that say how; false for one that does not exist. */
static bool main_how_opt(int c, struct setkey *sk)
{
	struct {
		int c;
		bool *flag;
	} rows[] = {
		{ 'a', &sk->all },     { 'H', &sk->hex },     { 'k', &sk->kernel_mode },
		{ 'l', &sk->forever }, { 'n', &sk->dry },     { 'N', &sk->numeric },
		{ 'p', &sk->ports },   { 'v', &sk->verbose },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].c != c)
			continue;
		*rows[i].flag = true;
		return true;
	}
	if (c == '4' || c == '6')
		sk->family = c == '4' ? AF_INET : AF_INET6;
	else if (c == 'r')
		sk->kernel_mode = false;
	else
		return false;
	return true;
}

/*
 * A closed descriptor must not become the PF_KEY socket: occupy it with
 * something that fails in the direction in which it would be used.
 */
static void main_descriptors(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/* What could not be printed was not done: a full disk must not look like a short dump. */
static int main_end(int status)
{
	if (main_flush() && !ferror(stdout))
		return status;
	fprintf(stderr, "setkey: standard output: %s\n",
		main_out_err ? strerror(main_out_err) : "not everything could be written");
	return SETKEY_USAGE;
}

/**
 * main() - setkey
 * @argc: words
 * @argv: options, or files of messages
 *
 * Return: SETKEY_OK, SETKEY_USAGE or SETKEY_REFUSED.
 */
int main(int argc, char **argv)
{
	static struct setkey sk = { .sock.fd = -1, .family = AF_UNSPEC };
	struct main_opts opts = { .mode = MODE_NONE };
	int c, status;

	main_descriptors();
	tzset();
	while ((c = getopt(argc, argv, "acf:HlnvxDFPphVrkN46")) != -1) {
		if (c == 'V' || c == 'h') {
			printf("setkey (testudo) %s\n%s", SETKEY_VERSION, c == 'h' ? main_usage : "");
			return main_end(SETKEY_OK);
		}
		if (main_mode_opt(c, &opts) || main_how_opt(c, &sk))
			continue;
		fputs(main_usage, stderr);
		return SETKEY_USAGE;
	}
	if (optind < argc)
		return main_end(main_files(&sk, argv + optind));
	if (opts.mode == MODE_NONE) {
		fputs(main_usage, stderr);
		return SETKEY_USAGE;
	}
	if (main_open(&sk))
		return SETKEY_REFUSED;
	status = main_run(&sk, &opts);
	pfkey_sock_close(&sk.sock);
	return main_end(status);
}
