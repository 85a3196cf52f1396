/*
 * For libFuzzer: the first byte says which headers come with the record, the rest is its value.
 * The texts of the facts are read, so that the sanitizers see them.
 */
#include "venturi/decode.h"

#include <stdlib.h>

#define HEADER(name, value)                                                                        \
	{                                                                                          \
		{name, sizeof name - 1},                                                           \
		{                                                                                  \
			value, sizeof value - 1                                                    \
		}                                                                                  \
	}

static const struct header headers[] = {
	HEADER("content-type", "application/cloudevents+json"),
	HEADER("ce_specversion", "1.0"),
	HEADER("ce_sequence", "7"),
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned text_sum(struct text text)
{
	unsigned sum = 0;

	for (size_t i = 0; i < text.len; i++)
		sum += (unsigned char)text.at[i];
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct decoder *decoder;
	volatile unsigned sum = 0;

	if (!decoder)
		decoder = decoder_new(1 << 16);
	if (!decoder || size == 0)
		return 0;
	struct record_in record = {
		.value = {(const char *)data + 1, size - 1},
		.headers = data[0] & 1 ? headers : headers + 1,
		.n_headers = data[0] & 2 ? 2 : 0,
	};
	const struct decoded *decoded = decode(decoder, &record);
	if ((decoded->reason == REJECT_NONE) != (decoded->n > 0))
		abort();
	sum += text_sum(decoded->why);
	for (size_t i = 0; i < decoded->n; i++) {
		const struct fact *fact = &decoded->facts[i];

		sum += text_sum(fact->subject) + text_sum(fact->subject_source) +
		       text_sum(fact->id);
		for (size_t j = 0; j < fact->n; j++)
			sum += text_sum(fact->fields[j].text);
	}
	return 0;
}
