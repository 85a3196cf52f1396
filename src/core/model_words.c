#include "model_parts.h"
#include "venturi/glob.h"

#include <stdlib.h>

static unsigned char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c - 'A' + 'a') : (unsigned char)c;
}

static int compare_any_case(struct text a, struct text b)
{
	size_t least = a.len < b.len ? a.len : b.len;

	for (size_t i = 0; i < least; i++) {
		int order = lower(a.at[i]) - lower(b.at[i]);

		if (order)
			return order;
	}
	return (a.len > b.len) - (a.len < b.len);
}

static int compare_words(const void *a, const void *b)
{
	const struct word *left = a, *right = b;
	int order = compare_any_case(left->name, right->name);

	return order ? order : (left->value > right->value) - (left->value < right->value);
}

void words_sort(struct words *words)
{
	size_t kept = 0;

	if (words->n)
		qsort(words->all, words->n, sizeof *words->all, compare_words);
	for (size_t i = 0; i < words->n; i++) {
		if (i && text_same_any_case(words->all[i].name, words->all[kept - 1].name))
			continue;
		words->all[kept++] = words->all[i];
	}
	words->n = kept;
}

uint32_t words_find(const struct words *words, struct text name)
{
	size_t low = 0, high = words->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_any_case(words->all[middle].name, name);

		if (order == 0)
			return words->all[middle].value;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return UINT32_MAX;
}

bool words_make(struct model *model, struct words *words, const struct name_list *lists,
		size_t n_lists, struct err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < n_lists; i++)
		n += lists[i].n;
	words->all = model_memory(model, n, sizeof *words->all);
	if (!words->all)
		return model_no_memory(err);
	for (size_t i = 0; i < n_lists; i++) {
		for (size_t j = 0; j < lists[i].n; j++) {
			struct text name = text_of(lists[i].names[j]);
			uint32_t known = UINT32_MAX;
			char *copy = model_string(model, name);

			if (!copy)
				return model_no_memory(err);
			for (size_t k = 0; k < words->n; k++)
				if (text_same_any_case(words->all[k].name, name))
					known = words->all[k].value;
			if (known != UINT32_MAX && known != i)
				return err_set(err, 78, "\"%s\" stands in two lists", copy);
			words->all[words->n++] = (struct word){text_of(copy), (uint32_t)i};
		}
	}
	words_sort(words);
	return true;
}

bool globs_make(struct model *model, struct globs *globs, const struct name_list *list,
		struct err *err)
{
	globs->patterns = model_memory(model, list->n, sizeof *globs->patterns);
	if (!globs->patterns)
		return model_no_memory(err);
	for (size_t i = 0; i < list->n; i++) {
		globs->patterns[i] = text_of(model_string(model, text_of(list->names[i])));
		if (!globs->patterns[i].at)
			return model_no_memory(err);
		globs->n++;
	}
	return true;
}

bool globs_match(const struct globs *globs, struct text text)
{
	for (size_t i = 0; i < globs->n; i++)
		if (glob_match(globs->patterns[i], text))
			return true;
	return false;
}
