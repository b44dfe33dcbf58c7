// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) The zcache authors
//
// RapidJSON in the benchmark of codecs: a Writer driven by hand over a StringBuffer that is kept,
// and three ways to read: Document::Parse, Document::ParseInsitu (of a copy, since it changes the
// bytes, and those of a cache are not the program's), both into memory that is kept, and a Reader
// that calls a handler, without a tree. As by default it does not check UTF-8, nor round real
// numbers correctly. NDEBUG, without which it inlines little, and -O3, as its own build has; and
// SSE2, which it uses where the whole text ends with a NUL.

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif
#ifndef NDEBUG
#define NDEBUG
#endif
// It reads whole blocks, beyond the end too, which AddressSanitizer takes for a fault.
#if defined(__SSE2__) && !defined(__SANITIZE_ADDRESS__)
#define RAPIDJSON_SSE2
#endif

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include <rapidjson/document.h>
#include <rapidjson/reader.h>
#include <rapidjson/stream.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "codec.h"

namespace
{

using rapidjson::SizeType;
using rapidjson::Value;

// ---- encoding -----------------------------------------------------------------------------------

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void put_text(Writer &to, const char *text)
{
    to.String(text, SizeType(strlen(text)));
}

void put_texts(Writer &to, char *const *texts, size_t count)
{
    to.StartArray();
    for (size_t i = 0; i < count; i++)
        put_text(to, texts[i]);
    to.EndArray();
}

void put_doubles(Writer &to, const double *numbers, size_t count)
{
    to.StartArray();
    for (size_t i = 0; i < count; i++)
        to.Double(numbers[i]);
    to.EndArray();
}

void put(Writer &to, const address *from);

#define PUT_I64(f)     to.Int64(from->f);
#define PUT_I32(f)     to.Int(from->f);
#define PUT_BOOL(f)    to.Bool(from->f);
#define PUT_DOUBLE(f)  to.Double(from->f);
#define PUT_STATE(f)   put_text(to, state_name(from->f));
#define PUT_STRING(f)  put_text(to, from->f);
#define PUT_CHARS(f)   put_text(to, from->f);
#define PUT_STRINGS(f) put_texts(to, from->f, from->f##_count);
#define PUT_DOUBLES(f) put_doubles(to, from->f, from->f##_count);
#define PUT_ADDRESS(f) put(to, &from->f);
#define PUT(KIND, f)            \
    to.Key(#f, sizeof(#f) - 1); \
    PUT_##KIND(f)

void put(Writer &to, const address *from)
{
    to.StartObject();
    ADDRESS_FIELDS(PUT)
    to.EndObject();
}

void put(Writer &to, const user *from)
{
    to.StartObject();
    USER_FIELDS(PUT)
    to.EndObject();
}

void put(Writer &to, const product *from)
{
    to.StartObject();
    PRODUCT_FIELDS(PUT)
    to.EndObject();
}

template <typename T> size_t encode(const void *value, const char **bytes)
{
    static rapidjson::StringBuffer buffer;
    static Writer writer(buffer);
    buffer.Clear();
    writer.Reset(buffer);
    put(writer, static_cast<const T *>(value));
    *bytes = buffer.GetString();
    return buffer.GetSize();
}

// ---- from a document into structs ---------------------------------------------------------------

bool is_named(const Value &name, const char *expected, SizeType size)
{
    return name.GetStringLength() == size && memcmp(name.GetString(), expected, size) == 0;
}

// The value of a name, which mostly is at `next`.
inline const Value &find(const Value &object, Value::ConstMemberIterator &next, const char *name,
                         SizeType size)
{
    if (next != object.MemberEnd() && is_named(next->name, name, size))
        return (next++)->value;
    auto found = object.FindMember(Value(rapidjson::StringRef(name, size)));
    if (found == object.MemberEnd())
        abort();
    return found->value;
}

void expect(bool condition)
{
    if (!condition)
        abort();
}

char *copy(const Value &text, bench_block *memory)
{
    expect(text.IsString());
    return block_text(memory, text.GetString(), text.GetStringLength());
}

void copy_chars(const Value &text, char *to, size_t room)
{
    expect(text.IsString());
    bench_copy_chars(to, room, text.GetString(), text.GetStringLength());
}

char **copy_texts(const Value &array, size_t *count, bench_block *memory)
{
    expect(array.IsArray());
    *count = array.Size();
    auto texts = static_cast<char **>(block_take_array(memory, *count * sizeof(char *)));
    for (SizeType i = 0; i < array.Size(); i++)
        texts[i] = copy(array[i], memory);
    return texts;
}

double real(const Value &number)
{
    expect(number.IsNumber());
    return number.GetDouble();
}

double *copy_doubles(const Value &array, size_t *count, bench_block *memory)
{
    expect(array.IsArray());
    *count = array.Size();
    auto numbers = static_cast<double *>(block_take_array(memory, *count * sizeof(double)));
    for (SizeType i = 0; i < array.Size(); i++)
        numbers[i] = real(array[i]);
    return numbers;
}

int64_t integer(const Value &number)
{
    expect(number.IsInt64());
    return number.GetInt64();
}

int32_t short_integer(const Value &number)
{
    expect(number.IsInt());
    return number.GetInt();
}

bool boolean(const Value &value)
{
    expect(value.IsBool());
    return value.GetBool();
}

state enumerator(const Value &text)
{
    expect(text.IsString());
    return bench_state(text.GetString(), text.GetStringLength());
}

void get(const Value &object, address *to, bench_block *memory);

#define GET_I64(f)     to->f = integer(got);
#define GET_I32(f)     to->f = short_integer(got);
#define GET_BOOL(f)    to->f = boolean(got);
#define GET_DOUBLE(f)  to->f = real(got);
#define GET_STATE(f)   to->f = enumerator(got);
#define GET_STRING(f)  to->f = copy(got, memory);
#define GET_CHARS(f)   copy_chars(got, to->f, sizeof(to->f));
#define GET_STRINGS(f) to->f = copy_texts(got, &to->f##_count, memory);
#define GET_DOUBLES(f) to->f = copy_doubles(got, &to->f##_count, memory);
#define GET_ADDRESS(f) get(got, &to->f, memory);
#define GET(KIND, f)                                               \
    {                                                              \
        const Value &got = find(object, next, #f, sizeof(#f) - 1); \
        GET_##KIND(f)                                              \
    }

void get(const Value &object, address *to, bench_block *memory)
{
    expect(object.IsObject());
    auto next = object.MemberBegin();
    ADDRESS_FIELDS(GET)
}

void get(const Value &object, user *to, bench_block *memory)
{
    expect(object.IsObject());
    auto next = object.MemberBegin();
    USER_FIELDS(GET)
}

void get(const Value &object, product *to, bench_block *memory)
{
    expect(object.IsObject());
    auto next = object.MemberBegin();
    PRODUCT_FIELDS(GET)
}

// ---- decoding: documents ------------------------------------------------------------------------

// "User Buffer" in its manual, "DOM": without malloc, as long as the two are large enough.
using Allocator = rapidjson::MemoryPoolAllocator<>;
using Document = rapidjson::GenericDocument<rapidjson::UTF8<>, Allocator, Allocator>;
char value_memory[16384], parse_memory[4096];

template <typename T> void *decode(char *bytes, size_t size, void *value)
{
    Allocator values(value_memory, sizeof(value_memory));
    Allocator parsing(parse_memory, sizeof(parse_memory));
    Document document(&values, sizeof(parse_memory) / 2, &parsing);
    expect(!document.Parse(bytes).HasParseError());
    bench_block memory = block_begin(size);
    get(document, static_cast<T *>(value), &memory);
    return memory.memory;
}

template <typename T> void *decode_insitu(char *bytes, size_t size, void *value)
{
    static char copied[4096];
    expect(size < sizeof(copied));
    memcpy(copied, bytes, size);
    copied[size] = '\0';
    Allocator values(value_memory, sizeof(value_memory));
    Allocator parsing(parse_memory, sizeof(parse_memory));
    Document document(&values, sizeof(parse_memory) / 2, &parsing);
    expect(!document.ParseInsitu(copied).HasParseError());
    bench_block memory = block_begin(size);
    get(document, static_cast<T *>(value), &memory);
    return memory.memory;
}

// ---- decoding: a handler ------------------------------------------------------------------------

enum class kind { I64, I32, BOOL, DOUBLE, STATE, STRING, CHARS, STRINGS, DOUBLES, ADDRESS };

struct row {
    const char *name;
    SizeType size;
    kind type;
    size_t offset;
    size_t more; // CHARS: bytes; arrays: offset of the count
};

#define MORE_I64(T, f)     0
#define MORE_I32(T, f)     0
#define MORE_BOOL(T, f)    0
#define MORE_DOUBLE(T, f)  0
#define MORE_STATE(T, f)   0
#define MORE_STRING(T, f)  0
#define MORE_CHARS(T, f)   sizeof(T::f)
#define MORE_STRINGS(T, f) offsetof(T, f##_count)
#define MORE_DOUBLES(T, f) offsetof(T, f##_count)
#define MORE_ADDRESS(T, f) 0
#define ROW(T, KIND, f)    {#f, sizeof(#f) - 1, kind::KIND, offsetof(T, f), MORE_##KIND(T, f)},
#define ADDRESS_ROW(K, f)  ROW(address, K, f)
#define USER_ROW(K, f)     ROW(user, K, f)
#define PRODUCT_ROW(K, f)  ROW(product, K, f)

const row address_rows[] = {ADDRESS_FIELDS(ADDRESS_ROW)};
const row user_rows[] = {USER_FIELDS(USER_ROW)};
const row product_rows[] = {PRODUCT_FIELDS(PRODUCT_ROW)};

// Where the handler is: in which struct, and which of its fields is likely next.
struct level {
    const row *begin, *end, *next;
    char *value;
};

constexpr size_t elements_max = 64;

class handler : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, handler>
{
  public:
    handler(const row *begin, const row *end, void *value, bench_block *memory)
        : top{begin, end, begin, static_cast<char *>(value)}, memory(memory)
    {
    }

    bool StartObject()
    {
        if (!started)
            return started = true;
        if (current->type != kind::ADDRESS)
            return false;
        outer = top;
        outer_row = current;
        top = {std::begin(address_rows), std::end(address_rows), address_rows,
               outer.value + current->offset};
        return true;
    }

    bool EndObject(SizeType)
    {
        if (outer_row != nullptr)
            top = outer;
        outer_row = nullptr;
        return true;
    }

    bool Key(const char *name, SizeType size, bool)
    {
        if (top.next < top.end && is(*top.next, name, size)) {
            current = top.next++;
            return true;
        }
        for (current = top.begin; current < top.end; current++)
            if (is(*current, name, size))
                return true;
        return false;
    }

    bool Bool(bool value)
    {
        return current->type == kind::BOOL && store(value);
    }

    bool Int(int value)
    {
        return current->type == kind::I32 ? store<int32_t>(value) : number(value);
    }

    bool Uint(unsigned value)
    {
        return current->type == kind::I32 ? value <= INT32_MAX && store(int32_t(value))
                                          : number(value);
    }

    bool Int64(int64_t value)
    {
        return number(value);
    }

    bool Uint64(uint64_t value)
    {
        return value <= INT64_MAX && number(int64_t(value));
    }

    bool Double(double value)
    {
        if (current->type == kind::DOUBLE)
            return store(value);
        if (current->type != kind::DOUBLES || count == elements_max)
            return false;
        doubles[count++] = value;
        return true;
    }

    bool String(const char *text, SizeType size, bool)
    {
        switch (current->type) {
        case kind::STRING:
            return store(block_text(memory, text, size));
        case kind::CHARS:
            bench_copy_chars(at(), current->more, text, size);
            return true;
        case kind::STATE:
            return store(bench_state(text, size));
        case kind::STRINGS:
            if (count == elements_max)
                return false;
            texts[count++] = block_text(memory, text, size);
            return true;
        default:
            return false;
        }
    }

    bool StartArray()
    {
        count = 0;
        return current->type == kind::STRINGS || current->type == kind::DOUBLES;
    }

    bool EndArray(SizeType)
    {
        bool is_texts = current->type == kind::STRINGS;
        size_t size = count * (is_texts ? sizeof(texts[0]) : sizeof(doubles[0]));
        void *array = block_take_array(memory, size);
        memcpy(array, is_texts ? static_cast<const void *>(texts) : doubles, size);
        memcpy(top.value + current->more, &count, sizeof(count));
        return store(array);
    }

  private:
    static bool is(const row &known, const char *name, SizeType size)
    {
        return known.size == size && memcmp(known.name, name, size) == 0;
    }

    char *at() const
    {
        return top.value + current->offset;
    }

    template <typename T> bool store(T value)
    {
        memcpy(at(), &value, sizeof(value));
        return true;
    }

    bool number(int64_t value)
    {
        return current->type == kind::I64 ? store(value) : Double(double(value));
    }

    level top, outer{};
    const row *current = nullptr, *outer_row = nullptr;
    bench_block *memory;
    bool started = false;
    size_t count = 0;
    char *texts[elements_max];
    double doubles[elements_max];
};

void *read(const row *begin, const row *end, const char *bytes, size_t size, void *value)
{
    Allocator parsing(parse_memory, sizeof(parse_memory));
    rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, Allocator> reader(
        &parsing, sizeof(parse_memory) / 2);
    rapidjson::StringStream stream(bytes);
    bench_block memory = block_begin(size);
    handler into(begin, end, value, &memory);
    expect(!reader.Parse(stream, into).IsError());
    return memory.memory;
}

void *read_user(char *bytes, size_t size, void *value)
{
    return read(std::begin(user_rows), std::end(user_rows), bytes, size, value);
}

void *read_product(char *bytes, size_t size, void *value)
{
    return read(std::begin(product_rows), std::end(product_rows), bytes, size, value);
}

} // namespace

extern "C" {
const competitor bench_rapidjson = {"RapidJSON",
                                    {encode<user>, encode<product>},
                                    {decode<user>, decode<product>},
                                    bench_release_block};
const competitor bench_rapidjson_insitu = {"RapidJSON, in situ",
                                           {nullptr, nullptr},
                                           {decode_insitu<user>, decode_insitu<product>},
                                           bench_release_block};
const competitor bench_rapidjson_reader = {
    "RapidJSON, Reader", {nullptr, nullptr}, {read_user, read_product}, bench_release_block};
}
