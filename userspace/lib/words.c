// SPDX-License-Identifier: GPL-2.0
/*
 * Words and the numbers they stand for, remembered: the C library reads
 * /etc/services and /etc/protocols from the start for every question, and a
 * file of a million policies asks the same one in each line. Knows no words
 * itself.
 */
#include <stdlib.h>
#include <string.h>

#include "pfkey.h"

/**
 * struct pfkey_word - a word and its number
 * @next: next of the bucket
 * @num: number, or a negative answer
 * @word: the word
 */
struct pfkey_word {
	struct pfkey_word *next;
	int num;
	char word[PFKEY_WORD_MAX];
};

static struct pfkey_word **words_bucket(struct pfkey_words *words, const char *word)
{
	unsigned int hash = 5381;

	while (*word)
		hash = hash * 33 + (unsigned char)*word++;
	return &words->bucket[hash % PFKEY_WORDS_HASH];
}

/**
 * pfkey_word_number() - the number of a word
 * @words: what is known already; all zero at first
 * @s: word, not terminated
 * @len: bytes of @s
 * @ask: who knows; is asked once for each word, also if it does not
 *
 * Return: what @ask returns, -1 for a word that is too long for any.
 */
int pfkey_word_number(struct pfkey_words *words, const char *s, size_t len,
		      int (*ask)(const char *word))
{
	struct pfkey_word **bucket, *w;
	char word[PFKEY_WORD_MAX];
	int num;

	if (len >= sizeof(word))
		return -1;
	memcpy(word, s, len);
	word[len] = '\0';
	bucket = words_bucket(words, word);
	for (w = *bucket; w; w = w->next)
		if (!strcmp(w->word, word))
			return w->num;
	num = ask(word);
	w = malloc(sizeof(*w));
	if (!w)
		return num;
	w->num = num;
	strcpy(w->word, word);
	w->next = *bucket;
	*bucket = w;
	return num;
}
