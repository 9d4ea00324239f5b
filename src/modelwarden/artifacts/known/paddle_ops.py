"""Operators of PaddlePaddle, and those among them that do more than compute.

Source: `core.get_all_op_names()` of Paddle 3.3 without gradients, and operators of Paddle 1 and 2
that version 3 no longer has.
"""

from __future__ import annotations

from modelwarden.artifacts.known.names import words

# They call a Python function of the process by its number.
PYTHON = words("py_func pylayer py_layer create_py_reader run_program")
# They read or write files that the program names.
FILES = words("save load save_combine load_combine read_file checkpoint_notify recv_save")
# They wait for, or connect to, other machines, or hand a compiled program to a driver.
OPAQUE = words(
    "listen_and_serv heter_listen_and_serv send recv send_barrier send_and_recv gen_nccl_id "
    "c_gen_nccl_id c_gen_bkcl_id c_gen_hccl_id c_gen_xccl_id tensorrt_engine lite_engine "
    "dlnne_engine openvino_engine xpu_engine anakin_engine ngraph_engine custom_device_engine "
    "cinn_launch cinn_instruction_run pull_sparse pull_sparse_v2 push_sparse push_sparse_v2 "
    "distributed_lookup_table distributed_push_sparse prefetch fetch_barrier"
)
KNOWN = (
    words(
        """
    straight_through_estimator remainder
    abs accuracy accuracy_check acos acosh adadelta adagrad adam adamax adamw add_act_xpu
    add_group_norm_silu add_layernorm_xpu add_position_encoding addcmul_xpu addmm affine_channel
    affine_grid all_gather all_reduce all_to_all allclose alltoall anchor_generator angle ap_facade
    ap_trivial_fusion_begin ap_trivial_fusion_end ap_variadic apply_per_channel_scale arg_max
    arg_min argsort array_length array_to_lod_tensor as_complex as_real as_strided asgd asin asinh
    assert assign assign_pos assign_value atan atan2 atanh attention_lstm auc average_accumulates
    baddbmm barrier batch_fc batch_norm batched_gemm bce_loss beam_search beam_search_decode
    bernoulli bicubic_interp bicubic_interp_v2 bilinear_interp bilinear_interp_v2
    bilinear_tensor_product bincount binomial bipartite_match bitwise_and bitwise_left_shift
    bitwise_not bitwise_or bitwise_right_shift bitwise_xor blha_get_max_len
    block_multihead_attention block_multihead_attention_xpu bmm bn_act_xpu box_clip box_coder
    bpr_loss brelu broadcast broadcast_tensors build_src_rank_and_local_expert_id c_allgather
    c_allreduce_max c_allreduce_min c_allreduce_prod c_allreduce_sum c_broadcast c_comm_init
    c_comm_init_multitrainer c_concat c_embedding c_gen_xccl_id c_identity c_reduce_sum
    c_reducescatter c_scatter c_softmax_with_cross_entropy c_softmax_with_multi_label_cross_entropy
    c_split c_sync_calc_stream c_sync_comm_stream c_wait_comm c_wait_compute cal_aux_loss
    calc_reduced_attn_scores cast ceil celu center_loss channel_shuffle check_finite_and_unscale
    check_numerics cholesky cholesky_solve chunk_eval class_center_sample clip clip_by_norm
    coalesce_tensor collect_fpn_proposals comm_init_all complex concat conditional_block
    conditional_block_infer conj conv1d_xpu conv2d conv2d_fusion conv2d_inception_fusion
    conv2d_transpose conv2d_transpose_bias conv2d_transpose_xpu conv2d_xpu conv3d conv3d_transpose
    copysign correlation cos cos_sim cosh create_double_buffer_reader crf_decoding crop crop_tensor
    cross cross_attention_xpu cross_entropy cross_entropy2 cross_entropy_grad2
    cross_entropy_with_softmax_bwd_w_downcast ctc_align cudnn_lstm cummax cummin cumprod cumsum cvm
    data decayed_adagrad decode_jpeg deformable_conv deformable_conv_v1 deformable_psroi_pooling
    delete_var density_prior_box depend depthwise_conv2d depthwise_conv2d_bias
    depthwise_conv2d_transpose depthwise_conv3d_bias dequantize dequantize_abs_max
    dequantize_linear dequantize_log dequantize_xpu detection_map determinant dgc dgc_clip_by_norm
    dgc_momentum diag diag_embed diag_v2 diagonal digamma dirichlet dist dist_concat
    distribute_fpn_proposals distributed_fused_lamb_init dot dpsgd dropout edit_distance eig eigh
    eigvals eigvalsh einsum elementwise_add elementwise_div elementwise_floordiv elementwise_fmax
    elementwise_fmin elementwise_heaviside elementwise_max elementwise_min elementwise_mod
    elementwise_mul elementwise_pow elementwise_sub elu embedding_grad_add_to
    embedding_with_eltwise_add_xpu embedding_with_scaled_gradient empty equal equal_all erf erfinv
    exp expand expand_as expand_as_v2 expand_modality_expert_id expand_v2 expm1 exponential eye
    fake_channel_wise_dequantize_max_abs fake_channel_wise_quantize_abs_max
    fake_channel_wise_quantize_dequantize_abs_max fake_dequantize_max_abs fake_quantize_abs_max
    fake_quantize_dequantize_abs_max fake_quantize_dequantize_moving_average_abs_max
    fake_quantize_moving_average_abs_max fake_quantize_range_abs_max fast_layernorm_xpu fast_ln
    fast_rms_norm fast_where_xpu faster_tokenizer fc fc_xpu feed fetch fetch_barrier fetch_v2
    fft_c2c fft_c2r fft_r2c fill fill_any fill_any_like fill_constant fill_constant_batch_size_like
    fill_diagonal fill_diagonal_tensor fill_zeros_like fill_zeros_like2 filter_by_instag flash_attn
    flash_attn_qkvpacked flash_attn_unpadded flash_attn_v3 flash_attn_v3_varlen
    flash_attn_varlen_qkvpacked flashmask_attention flashmask_attention_v2 flatten flatten2
    flatten_contiguous_range flip floor fold fp8_fp8_half_gemm_fused fp8_gemm_blockwise
    fp8_quant_blockwise fractional_max_pool2d fractional_max_pool3d frame frobenius_norm fsp ftrl
    full_int_array fused_act_dequant fused_adam fused_attention fused_batch_norm_act fused_bias_act
    fused_bias_dropout_residual_layer_norm fused_bias_residual_layernorm fused_bn_add_activation
    fused_conv2d fused_conv2d_add_act fused_conv3d fused_dconv_drelu_dbn
    fused_dot_product_attention fused_dropout_add fused_elementwise_add fused_elementwise_div
    fused_elementwise_mul fused_elementwise_sub fused_elemwise_activation
    fused_elemwise_add_activation fused_embedding_eltwise_layernorm fused_embedding_fc_lstm
    fused_embedding_seq_pool fused_fc_elementwise_layernorm fused_feedforward fused_gemm_epilogue
    fused_linear_param_grad_add fused_matmul fused_multi_transformer
    fused_multi_transformer_int8_xpu fused_multi_transformer_xpu fused_partial_rope
    fused_rms_norm_ext fused_rms_norm_quant fused_rotary_position_embedding
    fused_scale_bias_add_relu fused_scale_bias_relu_conv_bn fused_seqpool_cvm fused_softmax_mask
    fused_softmax_mask_upper_triangle fused_softplus fused_stack_quant fused_stack_transpose_quant
    fused_swiglu_weighted_bwd fused_token_prune fused_transpose fused_transpose_split_quant
    fused_transpose_wlch_split_quant fused_weighted_swiglu_act_quant fusion_conv_inception
    fusion_group fusion_gru fusion_lstm fusion_repeated_fc_relu fusion_seqconv_eltadd_relu
    fusion_seqpool_concat fusion_seqpool_cvm_concat fusion_squared_mat_sub
    fusion_transpose_flatten_concat gammaincc gammaln gather gather_nd gather_tree gaussian_inplace
    gaussian_random gaussian_random_batch_size_like gelu gemm_epilogue generate_mask_labels
    generate_proposal_labels generate_proposals generate_proposals_v2 generate_sequence_xpu
    get_places get_tensor_from_selected_rows global_gather global_scatter grad_add
    graph_khop_sampler graph_reindex graph_sample_neighbors graph_send_recv graph_send_ue_recv
    graph_send_uv greater_equal greater_than grid_sampler group_norm group_norm_silu_xpu gru
    gru_unit gumbel_softmax hard_shrink hard_sigmoid hard_swish hash hierarchical_sigmoid
    hinge_loss histogram huber_loss i0 i0e i1 i1e identity_loss im2sequence imag increment
    index_add index_elementwise_get index_elementwise_put index_elementwise_put_with_tensor
    index_put index_sample index_select index_select_ index_select_strided inplace_abn
    instance_norm int_bincount interp_antialias inverse is_empty isclose isfinite isfinite_v2 isinf
    isinf_v2 isnan isnan_v2 kldiv_loss kron kthvalue l1_norm label_smooth lamb lars_momentum
    layer_norm layer_norm_act_xpu layer_norm_relu_xpu leaky_relu lerp less_equal less_than lgamma
    limit_by_capacity linear_interp linear_interp_v2 linear_v2 linspace llm_int8_linear
    locality_aware_nms lod_array_length lod_rank_table lod_reset lod_tensor_to_array log log10
    log1p log2 log_loss log_softmax logcumsumexp logical_and logical_not logical_or logical_xor
    logit logsigmoid logspace logsumexp lookup_table lookup_table_dequant lookup_table_v2 lp_pool2d
    lrn lstm lstm_unit lstmp lstsq lu lu_solve lu_unpack margin_cross_entropy margin_rank_loss
    mask_adaptive_xpu masked_fill masked_multihead_attention masked_select match_matrix_tensor
    matmul matmul_v2 matrix_nms matrix_power matrix_rank matrix_rank_atol_rtol max max_pool2d_v2
    max_pool2d_with_index max_pool3d_with_index max_sequence_len max_with_index maxout mean
    mean_iou median memcpy memcpy_d2h memcpy_h2d memory_efficient_attention merge_lod_tensor
    merge_lod_tensor_infer merge_selected_rows merged_adam merged_momentum meshgrid min
    min_with_index mine_hard_examples minus mish mode modified_huber_loss moe_combine
    moe_combine_auto moe_combine_no_weight moe_gate_dispatch moe_gate_dispatch_and_quant
    moe_gate_dispatch_auto moe_gate_dispatch_partial_nosoftmaxtopk moe_gate_dispatch_permute
    moe_permute moe_unpermute momentum moving_average_abs_max_scale mp_allreduce_sum mul mul_
    multi_dot multi_encoder_xpu multi_gru multiclass_nms multiclass_nms2 multiclass_nms3
    multihead_matmul multinomial multiplex mv nadam nanmedian nansum nce nearest_interp
    nearest_interp_v2 nextafter nll_loss nms nop norm not_equal npair_loss npu_identity
    number_count one_hot one_hot_v2 overlap_add p_norm p_recv p_recv_array p_send p_send_array pad
    pad2d pad2d_xpu pad3d pad_constant_like partial_allgather partial_concat partial_recv
    partial_send partial_sum pixel_shuffle pixel_unshuffle poisson polygamma polygon_box_transform
    pool2d pool3d positive_negative_pair pow precision_recall prelu print prior_box prroi_pool
    prune_gate_by_capacity psroi_pool put_along_axis pyramid_hash qkv_attention_xpu qkv_unpack_mha
    qr quant_linear quantize quantize_abs_max quantize_linear quantize_xpu radam randint random
    random_crop random_routing randperm range range_v2 rank_attention rank_loss rank_table read
    read_from_array real reciprocal recurrent recv_v2 reduce reduce_all reduce_amax reduce_amin
    reduce_any reduce_as reduce_max reduce_mean reduce_min reduce_prod reduce_scatter reduce_sum
    relu relu6 renorm reorder_lod_tensor_by_rank repeat_interleave requantize reshape reshape2
    reshape_ resnet_basic_block resnet_unit restrict_nonzero retinanet_detection_output reverse
    rint rms_norm rmsprop rnn rnn_memory_helper roformer_relative_embedding_xpu roi_align
    roi_perspective_transform roi_pool roll round row_conv rpn_target_assign rprop rrelu rsqrt
    sample_logits scale scatter scatter_nd scatter_nd_add searchsorted seed segment_pool
    select_input select_output self_dp_attention selu send_v2 sequence_concat sequence_conv
    sequence_enumerate sequence_erase sequence_expand sequence_expand_as sequence_mask sequence_pad
    sequence_pool sequence_reshape sequence_reverse sequence_scatter sequence_slice
    sequence_softmax sequence_topk_avg_pooling sequence_unpad sequence_unpad_xpu set set_value sgd
    shadow_output shape shape64 shard_index share_buffer share_data shrink_rnn_memory shuffle_batch
    shuffle_channel sigmoid sigmoid_cross_entropy_with_logits sign silu similarity_focus sin
    sine_pos_xpu sinh size skip_layernorm slice slogdet_v2 slogdeterminant smooth_l1_loss soft_relu
    softmax softmax_with_cross_entropy softplus softshrink softsign solve space_to_depth sparse_abs
    sparse_acos sparse_acosh sparse_add sparse_addmm sparse_asin sparse_asinh sparse_atan
    sparse_atanh sparse_attention sparse_batch_norm sparse_cast sparse_coalesce sparse_conv3d
    sparse_conv3d_implicit_gemm sparse_divide sparse_divide_scalar sparse_expm1 sparse_full_like
    sparse_fused_attention sparse_indices sparse_isnan sparse_leaky_relu sparse_log1p
    sparse_mask_as sparse_masked_matmul sparse_matmul sparse_maxpool sparse_momentum
    sparse_multiply sparse_mv sparse_pow sparse_relu sparse_relu6 sparse_reshape sparse_scale
    sparse_sin sparse_sinh sparse_slice sparse_softmax sparse_sparse_coo_tensor sparse_sqrt
    sparse_square sparse_subtract sparse_sum sparse_sync_batch_norm sparse_tan sparse_tanh
    sparse_to_dense sparse_to_sparse_coo sparse_to_sparse_csr sparse_transpose sparse_values
    spatial_transformer_resblock_xpu spectral_norm split split_lod_tensor spp sqrt square
    squared_l2_distance squared_l2_norm squeeze squeeze2 squeeze_excitation_block stack
    standard_gamma stanh static_rnn std stft strided_slice sum svd svdvals swiglu swish
    sync_batch_norm take_along_axis tan tanh tanh_shrink target_assign tdm_child tdm_sampler
    teacher_student_sigmoid_loss temporal_shift tensor_array_to_tensor thresholded_relu tile top_k
    top_k_v2 top_p_sampling trace transfer_layout transpose transpose2 tree_conv triangular_solve
    tril_indices tril_triu trilinear_interp trilinear_interp_v2 triu_indices trunc trunc_divide
    truncated_gaussian_random unbind unfold uniform_random uniform_random_batch_size_like
    uniform_random_inplace unique unique_consecutive unique_with_counts unpool unpool3d unsqueeze
    unsqueeze2 unstack update_loss_scaling var var_conv_2d
    variable_length_memory_efficient_attention variance view_dtype view_shape view_slice
    viterbi_decode warpctc warprnnt weight_dequantize weight_only_linear weight_quantize
    weighted_sample_neighbors where where_index while write_to_array yolo_box yolo_box_head
    yolo_box_post yolo_box_xpu yolov3_loss
    """
    )
    - OPAQUE
)


def forward(name: str) -> str:
    """Return the operator that a gradient belongs to; any other as it is."""
    while name.endswith("_grad"):
        name = name.removesuffix("_grad").removesuffix("_double").removesuffix("_triple")
    return name


def is_known(name: str) -> bool:
    """Tell whether Paddle brings the operator; gradients of what it brings count."""
    return forward(name) in KNOWN
