/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Internal: what <zcache/table.h> is made of in C++17, where it has no _Generic and no designated
 * initialisers. The macros that describe a struct are the same in both languages; here are the
 * parts that they end in. All of it is worked out by the compiler: a descriptor is a constant.
 */
#ifndef ZCACHE_TABLE_CPP_H
#define ZCACHE_TABLE_CPP_H

#include <initializer_list>
#include <type_traits>

#if __cplusplus < 201703L
#error "zcache/table.h needs C++17 (-std=c++17 or later)"
#endif

namespace zcache_detail
{

/* ---- modifiers ------------------------------------------------------------------------------- */

/* What one of ZC_AS, ZC_ALIAS, ZC_REQUIRED, ZC_DEFAULT sets; the rest is 0. */
struct modifier {
    const char *wire_name = nullptr;
    const char *alias = nullptr;
    bool required = false;
    bool has_default = false;
    int64_t default_integer = 0;
    double default_real = 0;
    const char *default_text = nullptr;
};

constexpr modifier as(const char *name)
{
    modifier made;
    made.wire_name = name;
    return made;
}

constexpr modifier alias(const char *name)
{
    modifier made;
    made.alias = name;
    return made;
}

constexpr modifier required()
{
    modifier made;
    made.required = true;
    return made;
}

template <class T> constexpr modifier fallback(T value)
{
    modifier made;
    made.has_default = true;
    if constexpr (std::is_convertible_v<T, const char *>) {
        made.default_text = value;
    } else if constexpr (std::is_floating_point_v<T>) {
        made.default_real = static_cast<double>(value);
    } else {
        static_assert(std::is_integral_v<T> || std::is_enum_v<T>,
                      "zcache: ZC_DEFAULT takes a number, a bool, an enum's constant or a text");
        made.default_integer = static_cast<int64_t>(value);
    }
    return made;
}

constexpr zcache_field field(zcache_field made, std::initializer_list<modifier> modifiers)
{
    for (const modifier &one : modifiers) {
        if (one.wire_name != nullptr)
            made.wire_name = one.wire_name;
        if (one.alias != nullptr)
            made.alias = one.alias;
        if (one.required)
            made.required = true;
        if (one.has_default) {
            made.has_default = true;
            made.default_integer = one.default_integer;
            made.default_real = one.default_real;
            made.default_text = one.default_text;
        }
    }
    return made;
}

/* ---- what a pointer to a field says of the field --------------------------------------------- */

template <class T, class... Choices> constexpr bool is_one_of = (std::is_same_v<T, Choices> || ...);

template <class P, size_t size>
constexpr bool is_signed = is_one_of<P, short *, int *, long *, long long *> &&
                           sizeof(std::remove_pointer_t<P>) == size;

template <class P, size_t size>
constexpr bool is_unsigned =
    is_one_of<P, unsigned short *, unsigned int *, unsigned long *, unsigned long long *> &&
    sizeof(std::remove_pointer_t<P>) == size;

template <class P> constexpr bool is_chars = false;
template <size_t size> constexpr bool is_chars<char (*)[size]> = true;

/* ---- descriptors ----------------------------------------------------------------------------- */

template <class T, class = void> constexpr bool is_described = false;
template <class T>
constexpr bool is_described<T, std::void_t<decltype(zcache_describe(static_cast<T *>(nullptr)))>> =
    true;

} // namespace zcache_detail

/* The descriptor of a type, found by overload: by argument-dependent lookup where ZCACHE_STRUCT
 * stands in the namespace of its struct. */
ZCACHE_INLINE_ const zcache_struct *zcache_describe(const zcache_bytes *)
{
    return zcache_bytes_struct();
}
ZCACHE_INLINE_ const zcache_struct *zcache_describe(const zcache_string *)
{
    return zcache_string_struct();
}

/* extern "C++", so that a header for both languages may stand in extern "C". */
#define ZCACHE_DESCRIBED_(TYPE)                                                                \
    static_assert(std::is_trivially_copyable_v<TYPE> && std::is_standard_layout_v<TYPE>,       \
                  "zcache: " #TYPE " is not a struct of plain fields as in C: a std::string, " \
                  "a base class or a virtual function cannot be read into");                   \
    extern "C++" ZCACHE_INLINE_ const zcache_struct *zcache_describe(const TYPE *)             \
    {                                                                                          \
        return TYPE##_struct();                                                                \
    }

#define ZCACHE_ALIGNOF_(TYPE) alignof(TYPE)

/* `check` is 0, or does not compile. */
#define ZCACHE_FIELD_(name_, type_, shape_, offset_, size_, count_, bytes_, structure_,        \
                      enumeration_, check_, ...)                                               \
    ::zcache_detail::field({name_, type_, shape_, (offset_) + (check_), size_, count_, bytes_, \
                            structure_, enumeration_, nullptr, nullptr, false, false, 0, 0,    \
                            nullptr},                                                          \
                           {__VA_ARGS__})
#define ZCACHE_CHECK_(f, type, condition)                                             \
    [] {                                                                              \
        static_assert(condition, "zcache: the type of the field " f " is not " type); \
        return size_t{0};                                                             \
    }()
#define ZCACHE_CHECK_SIZE_(f) ZCACHE_CHECK_(#f, "size_t", ZCACHE_IS_SIZE_(&ZCACHE_MEMBER_(f)))

#define ZCACHE_IS_(p, ...)                  ::zcache_detail::is_one_of<decltype(p), __VA_ARGS__>
#define ZCACHE_IS_ZCACHE_TYPE_BOOL(p, T)    ZCACHE_IS_(p, bool *)
#define ZCACHE_IS_ZCACHE_TYPE_I8(p, T)      ZCACHE_IS_(p, signed char *)
#define ZCACHE_IS_ZCACHE_TYPE_U8(p, T)      ZCACHE_IS_(p, unsigned char *)
#define ZCACHE_IS_ZCACHE_TYPE_I16(p, T)     ::zcache_detail::is_signed<decltype(p), 2>
#define ZCACHE_IS_ZCACHE_TYPE_I32(p, T)     ::zcache_detail::is_signed<decltype(p), 4>
#define ZCACHE_IS_ZCACHE_TYPE_I64(p, T)     ::zcache_detail::is_signed<decltype(p), 8>
#define ZCACHE_IS_ZCACHE_TYPE_U16(p, T)     ::zcache_detail::is_unsigned<decltype(p), 2>
#define ZCACHE_IS_ZCACHE_TYPE_U32(p, T)     ::zcache_detail::is_unsigned<decltype(p), 4>
#define ZCACHE_IS_ZCACHE_TYPE_U64(p, T)     ::zcache_detail::is_unsigned<decltype(p), 8>
#define ZCACHE_IS_ZCACHE_TYPE_FLOAT(p, T)   ZCACHE_IS_(p, float *)
#define ZCACHE_IS_ZCACHE_TYPE_DOUBLE(p, T)  ZCACHE_IS_(p, double *)
#define ZCACHE_IS_ZCACHE_TYPE_ENUM(p, T)    ZCACHE_IS_(p, T *)
#define ZCACHE_IS_ZCACHE_TYPE_STRING(p, T)  ZCACHE_IS_(p, char **, const char **)
#define ZCACHE_IS_ZCACHE_TYPE_CHARS(p, T)   ::zcache_detail::is_chars<decltype(p)>
#define ZCACHE_IS_ZCACHE_TYPE_BYTES(p, T)   ZCACHE_IS_(p, zcache_bytes *)
#define ZCACHE_IS_ZCACHE_TYPE_NESTED(p, T)  ZCACHE_IS_(p, T *)
#define ZCACHE_IS_ZCACHE_TYPE_POINTER(p, T) ZCACHE_IS_(p, T **, const T **)
#define ZCACHE_IS_SIZE_(p)                  ZCACHE_IS_(p, size_t *)
#define ZCACHE_IS_DATA_(p)                                                                   \
    ZCACHE_IS_(p, void **, const void **, unsigned char **, const unsigned char **, char **, \
               const char **)
#define ZCACHE_IS_ARRAY_(m) std::is_array_v<std::remove_reference_t<decltype(m)>>

#endif /* ZCACHE_TABLE_CPP_H */
