// The dictionary files as read-only data; MOAT_DICTIONARY and MOAT_MODEL are their paths.
    .section .rodata
    .global moat_jieba_dictionary
    .global moat_jieba_dictionary_end
    .global moat_jieba_model
    .global moat_jieba_model_end
    .balign 16
moat_jieba_dictionary:
    .incbin MOAT_DICTIONARY
moat_jieba_dictionary_end:
    .balign 16
moat_jieba_model:
    .incbin MOAT_MODEL
moat_jieba_model_end:
    .byte 0
    .section .note.GNU-stack,"",%progbits
