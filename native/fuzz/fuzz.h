/*
 * What the fuzz targets have in common: reading what the fuzzer made up, and saying what does not
 * hold. An input that is used up reads as zeros, so every input is a valid one.
 */
#ifndef MUSE_FUZZ_H
#define MUSE_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program on the spot; libFuzzer keeps the input that led here. */
#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

typedef struct {
    const uint8_t *at;
    const uint8_t *end;
} fuzz_input;

static inline fuzz_input fuzz_input_of(const uint8_t *data, size_t size)
{
    return (fuzz_input){data, data + size};
}

static inline size_t fuzz_left(const fuzz_input *in)
{
    return (size_t)(in->end - in->at);
}

static inline uint8_t fuzz_byte(fuzz_input *in)
{
    return in->at < in->end ? *in->at++ : 0;
}

/* The next so many bytes as a number, little-endian; at most 8. */
static inline uint64_t fuzz_number(fuzz_input *in, unsigned bytes)
{
    uint64_t number = 0;
    unsigned i;

    for (i = 0; i < bytes; i++) {
        number |= (uint64_t)fuzz_byte(in) << (8 * i);
    }
    return number;
}

/* Up to so many of the next bytes. */
static inline const uint8_t *fuzz_bytes(fuzz_input *in, size_t most, size_t *length)
{
    const uint8_t *bytes = in->at;

    *length = fuzz_left(in) < most ? fuzz_left(in) : most;
    in->at += *length;
    return bytes;
}

/* The next bytes up to the end of a line, as a string of its own; to be freed. */
static inline char *fuzz_line(fuzz_input *in)
{
    const size_t left = fuzz_left(in);
    const uint8_t *end = left ? memchr(in->at, '\n', left) : NULL;
    const size_t length = end ? (size_t)(end - in->at) : left;
    char *line = malloc(length + 1);

    FUZZ_CHECK(line);
    if (length) {
        memcpy(line, in->at, length);
    }
    line[length] = '\0';
    in->at += end ? length + 1 : length;
    return line;
}

#endif
